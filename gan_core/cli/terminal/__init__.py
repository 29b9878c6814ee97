"""The terminal: signals, streams that may be closed or full, a run in the foreground, errors in words."""

"""The tests; a package, so that no other `tests` that is installed stands before it."""

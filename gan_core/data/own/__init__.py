"""One's own sets on disk: saved, listed, read, changed."""

"""A run as one file, out and in; what comes in is not trusted."""

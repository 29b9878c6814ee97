"""The workshops, a file each."""

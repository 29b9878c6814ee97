"""Custom components: a Python file that mounts each, and its JavaScript beside it."""

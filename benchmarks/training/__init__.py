"""How fast runs are, and what they take of a machine."""

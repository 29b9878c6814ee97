"""What several programs on one runs folder tell each other through it."""

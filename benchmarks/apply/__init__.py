"""How good and how quick the applications are, where the truth is known."""

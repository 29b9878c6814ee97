"""How soon a page answers, and what its viewers cost."""

"""Scripts of the workshop that edits pictures."""

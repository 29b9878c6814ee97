"""Scripts of the workshop of clips and films."""

"""Compare: the runs side by side."""

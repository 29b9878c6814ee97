"""The referee: what is going wrong in a run, by its own numbers."""

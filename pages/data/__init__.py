"""The data page: what a run can learn from."""

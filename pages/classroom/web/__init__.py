"""The Class page's component, and the teacher's desk that is on every page."""

"""The Lab: set up a run, train it, watch it, reach in."""

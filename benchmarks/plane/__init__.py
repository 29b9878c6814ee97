"""Runs of points: how fast they are, and a page fed with made-up scenes of them."""

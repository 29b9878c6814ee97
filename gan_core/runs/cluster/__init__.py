"""Sweeps on a Ray cluster: members that train on its nodes, and the process that drives them."""

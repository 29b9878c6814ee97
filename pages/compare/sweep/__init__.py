"""Sweeps: how one is begun, here or on a cluster, and its runs side by side."""

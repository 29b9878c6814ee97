"""Weights and resume states on disk, checked before they are loaded."""

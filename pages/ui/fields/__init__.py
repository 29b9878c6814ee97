"""Typed fields as widgets: the panel, and what stands in it."""

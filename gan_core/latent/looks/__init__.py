"""Looks: plain JSON, checked, resolved to latents and drawn."""

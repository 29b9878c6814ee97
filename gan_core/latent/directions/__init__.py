"""Directions in a latent space: how they are found, and how well they do what they are named after."""

"""Explore: the latent space of a trained generator, under the hand."""

"""The start page: what a GAN is."""

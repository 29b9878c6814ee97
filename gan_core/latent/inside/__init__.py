"""Inside the networks: feature maps, units, and what the discriminator goes by."""

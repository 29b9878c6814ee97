"""The referee tried on runs whose trouble is known, and its thresholds fitted to them."""

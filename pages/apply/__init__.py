"""What trained generators are good for: workshops, each measured against simpler ways."""

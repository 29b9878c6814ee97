"""Published files: fetched, checked, and read from their formats."""

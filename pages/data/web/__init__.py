"""Scripts and styles of the data page, and the Python that mounts them."""

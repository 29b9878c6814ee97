"""Scripts and styles of the workshops, and the Python that mounts them."""

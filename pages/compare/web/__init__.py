"""Scripts and styles of Compare, and the Python that mounts them."""

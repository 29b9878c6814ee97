"""Scripts and styles of Explore, and the Python that mounts them."""

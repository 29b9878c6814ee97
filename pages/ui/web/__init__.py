"""Scripts and styles that the pages share, and the Python that mounts them."""

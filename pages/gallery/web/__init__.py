"""Scripts and styles of the failure gallery, and the Python that mounts them."""

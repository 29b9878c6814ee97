"""Scripts and styles of the Lab, and the Python that mounts them."""

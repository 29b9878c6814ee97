"""The Learn page and the reading column in the browser."""

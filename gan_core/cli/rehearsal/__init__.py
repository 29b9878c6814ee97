"""A class played against a running server: people as sockets and page sessions, and what they had to wait for."""

"""What several tests of a class server have."""

from tests.pages.server.security.class_in_use import client, room

__all__ = ["client", "room"]

"""What several tests of a class server have."""

from tests.pages.server.class_in_use import client, room

__all__ = ["client", "room"]

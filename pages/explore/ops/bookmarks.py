"""Which models there are, opening one, and the bookmarks that are kept with it."""

from __future__ import annotations

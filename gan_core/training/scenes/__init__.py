"""Scenes: what a link, a short link or a scene file opens, as data; read, checked and written."""

"""The failure gallery: scenes that go wrong on purpose, and what helps."""

"""Runs in the foreground: one, two that part, or a sweep of many."""

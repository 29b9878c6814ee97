"""Runs recorded for the page to play before anything has been trained."""

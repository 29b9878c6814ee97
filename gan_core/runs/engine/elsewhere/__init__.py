"""Runs that other processes train, here or on other machines."""

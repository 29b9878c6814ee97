"""Commands that train: a module each."""

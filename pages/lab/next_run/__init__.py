"""The next run: what it learns from, its settings, where it trains and how fast."""

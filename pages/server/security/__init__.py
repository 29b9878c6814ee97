"""Who may come in, what they may ask, and what every answer says to a browser."""

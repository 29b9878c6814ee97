"""How good samples, measures, captions and the generators that come along are."""

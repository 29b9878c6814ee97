"""What there is to open: runs, generators that come along, brought files."""

"""What every page's Share holds, in Python and in the browser."""

"""The one door for untrusted pictures: from files to a set that may be kept."""

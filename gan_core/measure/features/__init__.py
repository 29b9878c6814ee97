"""Feature spaces: what turns images into the numbers in which measures are taken."""

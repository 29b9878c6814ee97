"""What is looked at while a run trains: the sample grid, the scene of points, one step taken apart."""

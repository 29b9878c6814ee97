"""When and by what a run is measured, and what is kept of it."""

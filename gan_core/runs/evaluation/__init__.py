"""When and by what a run is measured, evaluations on demand, and what the numbers say."""

"""`python -m benchmarks.recordings`."""

from benchmarks.recordings.recorder import main

main()

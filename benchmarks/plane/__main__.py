"""`python -m benchmarks.plane`."""

from benchmarks.plane.speed import main

main()

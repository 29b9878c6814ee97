"""`python -m benchmarks.promises`."""

from benchmarks.promises.trial import main

main()

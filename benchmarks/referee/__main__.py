"""`python -m benchmarks.referee`."""

from benchmarks.referee.trial import main

main()

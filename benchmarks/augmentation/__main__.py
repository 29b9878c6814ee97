"""`python -m benchmarks.augmentation`."""

from benchmarks.augmentation.comparison import main

main()

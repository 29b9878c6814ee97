"""`python -m benchmarks.gallery`."""

from benchmarks.gallery.scenes import main

main()

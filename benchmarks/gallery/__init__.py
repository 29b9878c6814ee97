"""The scenes of the failure gallery and their cures, trained and judged."""

"""The channels: what a run tells its viewers, what Explore asks, and how both travel."""

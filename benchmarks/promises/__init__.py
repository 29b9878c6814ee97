"""Whether presets and scenes keep what they promise, on seeds that nothing was chosen by."""

"""What a run is asked to do: RunConfig, presets, failure scenes, and what cannot work together."""

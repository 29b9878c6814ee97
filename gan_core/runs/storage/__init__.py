"""One run on disk: its folder, manifest, database, replay, checkpoints, archives."""

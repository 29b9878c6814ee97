"""One run on disk: its folder, database, checkpoints, archives."""

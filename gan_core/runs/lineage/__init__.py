"""Where runs come from: branches, replay, families."""

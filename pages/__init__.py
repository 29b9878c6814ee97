"""The web application: thin pages that read snapshots and send commands."""

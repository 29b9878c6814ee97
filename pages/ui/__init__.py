"""What the pages share: the manager, the panel, the live channel and the components."""

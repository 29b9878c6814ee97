"""The device: who has it and who waits, how much of it there is, and what it is."""

"""One run training: its worker thread, what it writes down, the queue for the device."""

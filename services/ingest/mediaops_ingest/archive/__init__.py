"""Every canonical activity and snapshot, for ever."""

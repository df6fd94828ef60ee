"""Every number of the system against the truth."""

"""Which revision is live on which channel, under which id of the platform: record."""

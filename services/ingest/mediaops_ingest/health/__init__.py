"""Health: when each source was last heard, whether it is silent, and when its secrets end."""

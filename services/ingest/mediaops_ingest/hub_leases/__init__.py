"""Leases: how long a WebSub hub goes on sending a topic, and asking it again in time."""

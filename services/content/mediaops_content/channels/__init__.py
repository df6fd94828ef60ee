"""The channels this service has heard of: projection of ingest's events."""

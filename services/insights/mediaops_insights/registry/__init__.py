"""The workspaces, channels and sources that ingest has told of: projection of its events."""

"""The workspaces and channels that ingest has told of: projection of its events."""

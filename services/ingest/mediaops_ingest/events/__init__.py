"""The archive, read by people."""

"""Contents and their immutable revisions: record."""

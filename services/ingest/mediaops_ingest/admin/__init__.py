"""Operations of ingest: its lag, and the audit of the whole."""

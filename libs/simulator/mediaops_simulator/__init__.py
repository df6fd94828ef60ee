"""One believable company that keeps its own truth."""

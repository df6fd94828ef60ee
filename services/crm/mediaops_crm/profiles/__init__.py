"""People as we know them: one profile per actor."""

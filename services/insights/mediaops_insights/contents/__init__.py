"""How each external content does, and which of ours it is."""

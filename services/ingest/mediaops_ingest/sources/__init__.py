"""Sources: the inbound connections of channels, with their secrets and hook URLs."""

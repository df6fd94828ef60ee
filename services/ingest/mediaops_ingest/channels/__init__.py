"""Channels: one account on a platform each."""

"""Platforms' own counters and reports; they are never added to activities."""

"""Retention of daily cohorts, from the bitmaps."""

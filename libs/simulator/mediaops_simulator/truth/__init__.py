"""What the numbers must be: plain sets and counters over what was acknowledged.

Written from the definitions alone and on purpose without wit: no bitmaps, no rollups, and nothing
that the services use.
"""

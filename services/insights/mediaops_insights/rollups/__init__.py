"""Counts of activities by minute, hour and day: what every number of the catalogue reads."""

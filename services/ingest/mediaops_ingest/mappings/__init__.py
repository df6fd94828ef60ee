"""Declarative mappings: JMESPath from any decoded item to activities and snapshots."""

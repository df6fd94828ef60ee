"""Deliveries and the outcome of their items by source and day, as ingest tells them."""

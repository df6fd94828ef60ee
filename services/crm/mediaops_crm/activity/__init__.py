"""The fast group: applies activities and retractions to the read models, batch by batch."""

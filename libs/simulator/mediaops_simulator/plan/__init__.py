"""What is sent and in which order, with everything that goes wrong on the way."""

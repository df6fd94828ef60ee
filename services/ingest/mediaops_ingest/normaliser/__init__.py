"""Turns deliveries into activities, once each."""

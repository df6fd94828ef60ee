"""Platforms and partners as senders: what each one's requests look like."""

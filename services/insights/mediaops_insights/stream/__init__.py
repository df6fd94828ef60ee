"""What changes, told as it happens: server-sent events that can be resumed."""

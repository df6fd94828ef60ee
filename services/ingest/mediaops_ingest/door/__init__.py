"""The door: hooks and API posts in raw ASGI, answered once the delivery log has them."""

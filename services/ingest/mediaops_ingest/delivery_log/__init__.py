"""Every accepted request as it came, durable before it is answered."""

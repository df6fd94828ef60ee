"""One measurement a file; each gives figures, and bare limits measured beside them."""

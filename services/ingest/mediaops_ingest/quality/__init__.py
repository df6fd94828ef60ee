"""What each source brought, by outcome."""

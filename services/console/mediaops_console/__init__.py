"""The console: one page of static files."""

"""What every mediaops service shares."""

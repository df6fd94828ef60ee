"""The lifecycle state of each profile, moved by activities and by the clock."""

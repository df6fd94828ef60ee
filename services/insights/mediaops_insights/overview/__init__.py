"""What happens now, at a glance: today against yesterday, and what needs attention."""

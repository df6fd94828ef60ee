"""Workspaces: the isolation boundary, one company or brand each."""

"""Portraits: what a platform says of a channel's audience (用户画像), day by day."""

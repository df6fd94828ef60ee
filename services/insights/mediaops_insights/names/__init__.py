"""Small numbers for the names in rollup keys: workspaces, channels, types, regions, contents."""

"""Channel operations: what is happening on every account, and is that data right?"""

"""The archive, published again."""

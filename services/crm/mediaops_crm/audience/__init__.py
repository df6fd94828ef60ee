"""The audience's bitmaps as the API looks at them."""

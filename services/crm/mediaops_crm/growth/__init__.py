"""Growth accounting: new, retained, resurrected and churned, from the bitmaps."""

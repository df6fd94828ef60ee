"""DAU, WAU, MAU and how many days people come: from the bitmaps."""

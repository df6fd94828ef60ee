"""How long texts may be that something is found by. What is longer is refused where it comes in.

They are counted in characters, of which each may take four bytes, and a row of an index of
PostgreSQL has room for 2,704 bytes.
"""

__all__ = ["LONGEST_FILTER", "LONGEST_ID", "LONGEST_PUBLISHED_ID", "LONGEST_TYPE"]

LONGEST_ID = 255
"""Of a platform's id for a person or a thing, and of a region."""

LONGEST_TYPE = 120
"""Of the type of an activity."""

LONGEST_PUBLISHED_ID = 500
"""Of the external id that a publication is registered under."""

LONGEST_FILTER = LONGEST_PUBLISHED_ID
"""Nothing longer is there to be found."""

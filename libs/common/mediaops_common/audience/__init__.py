"""Who was active where and when: numbered actors and a bitmap per channel and local day.

Actors get ordinals that never change and are never given again. A batch appends small delta
bitmaps; they are united on read and folded into one bitmap per (channel, day) in the background.
"""

from mediaops_common.audience.bitmaps import (
    append,
    load,
    load_channels,
    load_each,
    seen_before,
    slices,
)
from mediaops_common.audience.compaction import CROWDED, compact, crowded
from mediaops_common.audience.ordinals import actor_key, number_actors
from mediaops_common.audience.retraction import clear_bits
from mediaops_common.audience.tables import ALL, AudienceTables, audience_tables

__all__ = [
    "ALL",
    "CROWDED",
    "AudienceTables",
    "actor_key",
    "append",
    "audience_tables",
    "clear_bits",
    "compact",
    "crowded",
    "load",
    "load_channels",
    "load_each",
    "number_actors",
    "seen_before",
    "slices",
]

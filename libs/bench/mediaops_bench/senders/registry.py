"""All senders there are, by what they are called in the report."""

from mediaops_bench.senders.chinese import CHINESE
from mediaops_bench.senders.international import INTERNATIONAL
from mediaops_bench.senders.signed import SIGNED

__all__ = ["SENDERS"]

SENDERS = {**SIGNED, **CHINESE, **INTERNATIONAL}
"""One for every adapter that a source may have and that knows a meaning."""

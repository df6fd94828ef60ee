"""The proof family "HMAC of time and body in one header": `t=…,v1=…`, as Stripe and TikTok do."""

from datetime import datetime, timedelta

from mediaops_ingest.platforms.port import Refused, Request
from mediaops_ingest.platforms.proofs import StoredHmac, same
from mediaops_ingest.platforms.verifying import Proof, is_within

__all__ = ["TOLERANCE", "signed_time", "signed_time_proof"]

TOLERANCE = timedelta(minutes=5)
"""Both ways: a captured request is good for five minutes, and a clock may be off by as much."""

_MAX_PARTS = 20
_HEADER = Refused("header")
_TIMESTAMP = Refused("timestamp")
_SIGNATURE = Refused("signature")


def signed_time_proof(key: bytes, *, header: bytes, signature: bytes) -> Proof:
    """Parts are found by their name, in any order; of several signatures one right one is enough,
    and those of other versions are skipped."""
    hmac = StoredHmac(key)

    def proof(request: Request) -> Refused | None:
        given = request.header(header) or b""
        parts = [part.strip() for part in given.split(b",", _MAX_PARTS)[:_MAX_PARTS]]
        times = _named(parts, b"t=")
        signatures = _named(parts, signature + b"=")
        if len(times) != 1 or not signatures or not times[0].isdigit():
            return _HEADER
        if not is_within(times[0], request.now, TOLERANCE):
            return _TIMESTAMP
        expected = hmac.hex(times[0], b".", request.body)
        is_right = any([same(expected, one) for one in signatures])
        return None if is_right else _SIGNATURE

    return proof


def signed_time(key: bytes, body: bytes, now: datetime, *, signature: bytes) -> bytes:
    """The header's value, as the sender writes it."""
    time = str(int(now.timestamp())).encode()
    return b"t=%b,%b=%b" % (time, signature, StoredHmac(key).hex(time, b".", body))


def _named(parts: list[bytes], name: bytes) -> list[bytes]:
    return [part[len(name) :] for part in parts if part.startswith(name)]

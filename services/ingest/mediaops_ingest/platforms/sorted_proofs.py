"""The family that 微信 began: hex SHA-1 of the sorted token, timestamp and nonce, and perhaps of
the ciphertext too; with a handshake that echoes.

One signature is good for ever, so that every adapter of the family puts a limit on the timestamp.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from mediaops_ingest.platforms.port import Handshake, Malformed, Refused, Verdict
from mediaops_ingest.platforms.proofs import same, sorted_sha1
from mediaops_ingest.platforms.verifying import echoed, is_within

__all__ = ["TOLERANCE", "echo", "is_signed", "query_fault", "time_fault"]

TOLERANCE = timedelta(seconds=300)
"""Our own rule: the platforms prescribe none."""

_MAX_ECHO = 512


def time_fault(
    timestamp: str | None, nonce: str | None, now: datetime, *, per_second: int = 1
) -> Refused | None:
    """What is wrong with the two values that no signature can do without."""
    if not timestamp or nonce is None:
        return Refused("header")
    return None if is_within(timestamp, now, TOLERANCE, per_second) else Refused("timestamp")


def is_signed(signature: str | None, *parts: str) -> bool:
    """Whether the signature is of these parts, in constant time."""
    return same(sorted_sha1(parts), (signature or "").encode())


def echo(text: str | bytes | None) -> Verdict:
    """Gives a proved handshake back what it sent, or what was in it."""
    answer = text.encode() if isinstance(text, str) else text or b""
    if not 0 < len(answer) <= _MAX_ECHO:
        return Malformed(400, "schema")
    return Handshake(echoed(answer))


def query_fault(
    parameters: Mapping[str, str], now: datetime, secret: str, *, per_second: int = 1
) -> Refused | None:
    """The fault of a `signature` in the query over secret, timestamp and nonce; None where it is
    right. The body is not covered by it."""
    timestamp, nonce = parameters.get("timestamp"), parameters.get("nonce")
    fault = time_fault(timestamp, nonce, now, per_second=per_second)
    if fault:
        return fault
    right = is_signed(parameters.get("signature"), secret, timestamp or "", nonce or "")
    return None if right else Refused("signature")

"""What a Kafka client logs, told seldom: it has ten lines a second while a broker is down."""

import logging
import time

import structlog

__all__ = ["tell_seldom"]

log = structlog.get_logger(__name__)

SELDOM_SECONDS = 60.0


class _Seldom(logging.Handler):
    """Tells each kind of line once a minute."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now - self._told.get(record.msg, -SELDOM_SECONDS) >= SELDOM_SECONDS:
            self._told[record.msg] = now
            log.warning("kafka_client", message=record.getMessage()[:300])


def tell_seldom(logger: str) -> None:
    """Takes the lines of this logger, and of those below it, out of the common stream."""
    client = logging.getLogger(logger)
    client.handlers, client.propagate = [_Seldom()], False

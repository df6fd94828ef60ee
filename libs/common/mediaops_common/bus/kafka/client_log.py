"""What a Kafka client logs, told seldom: it has ten lines a second while a broker is down."""

import logging
import time

import structlog

__all__ = ["last_words", "tell_seldom"]

log = structlog.get_logger(__name__)

SELDOM_SECONDS = 60.0


class _Seldom(logging.Handler):
    """Tells each kind of line once a minute, and remembers the last one."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said, self.at = "", 0.0
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.said, self.at = record.getMessage()[:300], time.monotonic()
        if self.at - self._told.get(record.msg, -SELDOM_SECONDS) >= SELDOM_SECONDS:
            self._told[record.msg] = self.at
            log.warning("kafka_client", message=self.said)


_handler = _Seldom()


def tell_seldom(logger: str) -> None:
    """Takes the lines of this logger, and of those below it, out of the common stream."""
    client = logging.getLogger(logger)
    client.handlers, client.propagate = [_handler], False


def last_words(since: float) -> str | None:
    """What the client said last, when that was after this moment of the monotonic clock: why no
    broker lets it in its errors do not say, its log does."""
    return _handler.said if _handler.at >= since else None

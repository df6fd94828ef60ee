"""Structured logs on standard error; nothing secret or personal in them."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from mediaops_common.context import current_request_id
from mediaops_common.settings import LogSettings

__all__ = ["SECRET_FIELDS", "configure_logs"]

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "body",
        "cookie",
        "encoding_aes_key",
        "headers",
        "hook_key",
        "hook_url",
        "password",
        "private_key",
        "raw",
        "secret",
        "secrets",
        "token",
    }
)
"""Fields whose values are never written, whoever passes them."""

Fields = MutableMapping[str, Any]


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error now, not to what it was when logging was configured."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure_logs(settings: LogSettings) -> None:
    """Sends structlog's and the standard library's records to standard error in one form."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        _redact,
        _hide_parameters,
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [_console()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known, _StandardError)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    # These tell of every statement and request at INFO.
    for name in ("httpx", "httpcore", "alembic", "aiosqlite", "sqlalchemy.engine"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _console() -> structlog.dev.ConsoleRenderer:
    # The default shows the local variables of every frame: tokens, bodies, people.
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _hide_parameters(_logger: Any, _method: str, fields: Fields) -> Fields:
    """A failed statement is logged without its values."""
    error = fields.get("exc_info")
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    while isinstance(error, BaseException):
        if hasattr(error, "hide_parameters"):
            error.hide_parameters = True
        error = error.__cause__ or error.__context__
    return fields


def _add_request_id(_logger: Any, _method: str, fields: Fields) -> Fields:
    request_id = current_request_id()
    if request_id is not None:
        fields.setdefault("request_id", request_id)
    return fields


def _redact(_logger: Any, _method: str, fields: Fields) -> Fields:
    for name in fields:
        if name.lower() in SECRET_FIELDS:
            fields[name] = "[redacted]"
    return fields

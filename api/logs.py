"""Logs: one event a line, JSON in production, without telephone numbers."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from domain.kernel.settings import Settings

# Eleven digits as people write them: with country code, with blanks or dashes between the groups,
# also in full-width digits. What stands in a longer run of digits is no telephone number.
_MOBILE = re.compile(
    r"(?<!\d)((?:\+|00)?86[ -]?)?([1１][3-9３-９]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)"
)


def mask_phones(text: str) -> str:
    """Return the text with the middle four digits of every mobile number replaced by stars."""
    return _MOBILE.sub(lambda found: f"{found[1] or ''}{found[2]}****{found[4]}", text)


def _mask(value: Any) -> Any:
    match value:
        case str():
            return mask_phones(value)
        case bool() | None | float():
            return value
        case int():
            return mask_phones(str(value)) if _MOBILE.search(str(value)) else value
        case dict():
            return {_mask(key): _mask(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_mask(inner) for inner in value]
        case _:
            return mask_phones(str(value))


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every value of the event, however deep; the processor that comes last but one."""
    return {key: value if key.startswith("_") else _mask(value) for key, value in event.items()}


def _to_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()


def configure(settings: Settings, process: str) -> None:
    """Set up structlog and the standard library's logging for this process.

    `process` (api, worker, run …) stands in every event, as does what was bound with
    `structlog.contextvars` (`request_id`). Everything goes to standard error.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _method, event: {**event, "process": process},
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    render: Processor = _to_json if settings.production else _pretty()
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # What these say our own events say better; asyncpg's pool with a traceback a second.
    for name in ("alembic", "arq", "_granian", "httpx"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def _pretty() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )

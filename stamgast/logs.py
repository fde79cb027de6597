"""Structured logs on standard error, with phone numbers masked whatever the caller does."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

# A plus sign or 00 and at least eight digits, or a national number that begins with 0; spaces, dots, dashes and a
# bracketed trunk zero may stand between.
_PHONE = re.compile(
    r"(?<![\w.-])(?:\+|00)[1-9](?:[ .()-]{0,2}\d){7,14}(?![\w])|(?<![\w.-])0[1-9](?:[ .-]?\d){7,9}(?!\w)"
)
_MASK = "[phone]"
_MOST_TOLD: Final = 1_000


def mask_phones(text: str) -> str:
    """Replace what looks like a telephone number."""
    return _PHONE.sub(_MASK, text)


def configure_logs(level: str = "info", style: str = "auto") -> None:
    """Send structlog's and the standard library's logs to standard error.

    Standard output stays free for what a command answers. `style` is `json`, `console` or `auto`
    (console at a terminal).
    """
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Any = _render_for_people() if console else _render_json()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeats())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,  # before masking: a traceback quotes what was wrong
                mask_event,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("aiokafka", "faust", "mode", "httpx", "asyncio"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # kafka-python's errors reach us as exceptions too
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class Repeats(logging.Filter):
    """Lets one of the same lines through in `EVERY_S` seconds, of those that come by the hundred while Kafka is away.

    Those are aiokafka's own, from each of its clients, and a worker's failed steps and fetches. What happened and why
    counts, not to what: so of all partitions that fail for one reason one is told.
    """

    EVERY_S: Final = 10.0
    _HELD: Final = frozenset({"step failed", "fetch failed"})

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is to be written."""
        key = self._key(record)
        if key is None:
            return True
        if record.created - self._told.get(key, -self.EVERY_S) < self.EVERY_S:
            return False
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        self._told[key] = record.created
        return True

    def _key(self, record: logging.LogRecord) -> tuple[str, str] | None:
        if record.name.startswith("aiokafka"):
            return record.name, str(record.msg)
        if isinstance(record.msg, dict) and (event := record.msg.get("event")) in self._HELD:
            return event, f"{record.msg.get('service')} {record.msg.get('why')}"
        return None


def get_logger(name: str) -> Any:
    """Return a logger whose methods take an event's name and key=value pairs."""
    return structlog.stdlib.get_logger(name)


def mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask phone numbers in an event's every text, however deep (a structlog processor)."""
    for key, value in event.items():
        if key != "timestamp":
            event[key] = _masked(value)
    return event


def _masked(value: object) -> object:
    match value:
        case str():
            return mask_phones(value)
        case bytes():
            return mask_phones(value.decode(errors="replace"))
        case dict():
            return {key: _masked(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(item) for item in value]
        case BaseException():
            return mask_phones(f"{type(value).__name__}: {value}")
        case _:
            return value


def _render_for_people() -> Any:
    # Not the renderer's own tracebacks: they show local variables, which may hold what names a person.
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)


def _render_json() -> Any:
    return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)

"""Structured logs on standard error, with phone numbers masked whatever the caller does."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from stamgast.sparing import Sparing

# A plus sign or 00 and at least eight digits, or a national number that begins with 0; spaces, dots, dashes and a
# bracketed trunk zero may stand between.
_PHONE = re.compile(
    r"(?<![\w.-])(?:\+|00)[1-9](?:[ .()-]{0,2}\d){7,14}(?![\w])|(?<![\w.-])0[1-9](?:[ .-]?\d){7,9}(?!\w)"
)
_MASK = "[phone]"
_FIGURES = re.compile(r"\d+")
_MOST_REASON: Final = 120

COME_BY_THE_THOUSAND: Final[dict[str, tuple[str, ...]]] = {
    # a record each
    "laid aside": ("topic", "service", "why"),
    "dead letter": ("reason",),
    "a dead letter cannot be read": (),
    "an event could not be applied": (),
    "a delivery could not be applied": (),
    "a record could not be appended again": (),
    "a record that we did not sign is passed over": ("topic",),
    "a programme cannot be read": ("why",),
    "unreadable bundle": ("reason",),
    "a segment's record cannot be read": ("why",),
    "a barrier of an unknown bundle was passed over": (),
    "a rule raised and is paused; the event was applied": ("merchant", "rule"),
    # a message or a customer each
    "a customer's state cannot be read": ("merchant", "why"),
    "message refused": ("why",),
    "the channel broke": (),
    "claim lost": (),
    "attempt in doubt not noted": ("why",),
    "outcome not appended yet": ("why",),
    "stop": ("merchant",),
    "start": ("merchant",),
    "finished a STOP or START that was cut short": ("merchant",),
    # a partition of each merchant
    "bundle in force": ("merchant", "number"),
    "a bundle cannot be used": ("merchant", "why"),
    "the bundle in force cannot be had; its merchant waits for the next": ("why",),
    # a try each
    "step failed": ("service", "why"),
    "fetch failed": ("why",),
    "fetch refused": ("why",),
    "errand failed; trying again": ("why",),
    "cancellations not appended yet": ("why",),
    "taking the partition again": ("service", "why"),
    "refused": ("service", "why"),
    "gap": ("service",),
    "request failed": ("path", "kind"),
}
"""What may be written for every record, message, customer or try -> the fields that make it another kind of news."""


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
    """Lets one of the same lines through in `EVERY_S` seconds, of those that come by the thousand, with their number.

    Those are aiokafka's own while Kafka is away, from each of its clients, and ours about a record, a message, a
    customer or a failed try. What happened and why counts, not to what: so of all partitions that fail for one reason
    one is told, and of all records that are laid aside for it. What each was, a dead letter or a metric says.
    """

    EVERY_S: Final = 10.0
    MOST_KINDS: Final = 10
    """Of one event; reasons quote what somebody sent, and so may be without end."""

    def __init__(self) -> None:
        super().__init__()
        self._sparing = Sparing(self.EVERY_S, most_kinds=self.MOST_KINDS)

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is to be written."""
        about = self._about(record)
        times = 1 if about is None else self._sparing.note(*about, record.created)
        if times > 1:
            told = record.msg
            record.msg = {**told, "times": times} if isinstance(told, dict) else f"{told} ({times} times)"
        return times > 0

    def _about(self, record: logging.LogRecord) -> tuple[str, str] | None:
        if record.name.startswith("aiokafka"):
            return record.name, str(record.msg)
        if isinstance(record.msg, dict) and (event := record.msg.get("event")) in COME_BY_THE_THOUSAND:
            return event, " ".join(_reason(record.msg.get(field)) for field in COME_BY_THE_THOUSAND[event])
        return None


def _reason(value: object) -> str:
    """A reason without the figures in it: the same one for another offset."""
    return _FIGURES.sub("#", str(value))[:_MOST_REASON]


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

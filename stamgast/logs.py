"""Structured logs on standard error, with phone numbers masked whatever the caller does."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

from stamgast.sparing import Sparing, Spells

# A plus sign or 00 and at least eight digits, or a national number that begins with 0; spaces, dots, dashes and a
# bracketed trunk zero may stand between.
_PHONE = re.compile(
    r"(?<![\w.-])(?:\+|00)[1-9](?:[ .()-]{0,2}\d){7,14}(?![\w])|(?<![\w.-])0[1-9](?:[ .-]?\d){7,9}(?!\w)"
)
_MASK = "[phone]"
_BROKER = re.compile(r"([\w.-]+)'?(?::|, )(\d{2,5})\b|\bnode (?:with id )?(\d+)")
"""As aiokafka names one: `kafka-1:9092`, `('127.0.0.1', 9092)`, `node with id 3`."""
_FIGURES = re.compile(r"\d+")
_MOST_REASON: Final = 120
_MOST_SPELLS: Final = 200
_CLIENTS: Final = ("aiokafka", "faust", "mode")
_STRANGERS: Final = "uvicorn.error"
"""Its warnings are about requests that are none."""

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
    "stop": ("merchant",),
    "start": ("merchant",),
    "finished a STOP or START that was cut short": ("merchant",),
    # a partition of each merchant
    "bundle in force": ("merchant", "number"),
    "a bundle cannot be used": ("merchant", "why"),
    "the bundle in force cannot be had; its merchant waits for the next": ("why",),
    # a try each
    "refused": ("service", "why"),
    "step refused": ("service", "why"),
    "gap": ("service",),
    "request failed": ("path", "kind"),
}
"""What may be written for every record, message, customer or try -> the fields that make it another kind of news."""

HEALS_BY_ITSELF: Final[dict[str, tuple[str, ...]]] = {
    "step failed": ("service", "why"),
    "fetch failed": ("why",),
    "fetch refused": ("why",),
    "consumer failed; making another one": ("service",),
    "errand failed; trying again": ("why",),
    "cancellations not appended yet": ("why",),
    "event not appended yet": ("kind", "why"),
    "attempt in doubt not noted": ("why",),
    "taking the partition again": ("service", "why"),
    "view not loaded": ("view",),
    "waiting for Kafka": (),
}
"""What restarts of Redis, Kafka and workers bring: news as it begins, and a warning once a minute where it lasts."""


def mask_phones(text: str) -> str:
    """Replace what looks like a telephone number."""
    return _PHONE.sub(_MASK, text)


def configure_logs(level: str = "info", style: str = "auto") -> None:
    """Send structlog's and the standard library's logs to standard error.

    Standard output stays free for what a command answers. `style` is `json`, `console` or `auto`
    (console at a terminal).
    """
    console = not logs_are_json(style)
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


def logs_are_json(style: str) -> bool:
    """Say whether standard error is for machines, each line of it a document."""
    return style == "json" or (style == "auto" and not sys.stderr.isatty())


class Repeats(logging.Filter):
    """Lets one of the same lines through in `EVERY_S` seconds, of those that come by the thousand, with their number.

    Those are ours about a record, a message, a customer or a failed try. What happened and why counts, not to what: so
    of all partitions that fail for one reason one is told, and of all records that are laid aside for it. What each
    was, a dead letter or a metric says.

    What heals by itself is told once a minute: as news while it may still, as a warning when it has lasted `LASTS_S`.
    So are the clients' own lines while Kafka is away, one for each broker whatever it is that each of them tries again,
    and what strangers send to web.
    """

    EVERY_S: Final = 10.0
    HEALING_EVERY_S: Final = 60.0
    LASTS_S: Final = 30.0
    MOST_KINDS: Final = 10
    """Of one event; reasons quote what somebody sent, and so may be without end."""

    def __init__(self) -> None:
        super().__init__()
        self._sparing = Sparing(self.EVERY_S, most_kinds=self.MOST_KINDS)
        self._healing = Sparing(self.HEALING_EVERY_S, most_kinds=self.MOST_KINDS)
        self._spells = Spells(self.LASTS_S, most=_MOST_SPELLS)

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is to be written."""
        healing = _healing(record)
        if healing is not None:
            times = self._times(record, *healing)
        else:
            about = _about(record, COME_BY_THE_THOUSAND)
            times = 1 if about is None else self._sparing.note(*about, record.created)
        if times > 1:
            told = record.msg
            record.msg = {**told, "times": times} if isinstance(told, dict) else f"{told} ({times} times)"
        return times > 0

    def _times(self, record: logging.LogRecord, group: str, kind: str) -> int:
        """How often it happened since it was told last, of what heals; its level is put right."""
        lasts = self._spells.lasted(f"{group} {kind}", record.created) >= self.LASTS_S
        level = logging.WARNING if lasts and record.name != _STRANGERS else logging.INFO
        record.levelno, record.levelname = level, logging.getLevelName(level)
        if isinstance(record.msg, dict):
            record.msg = {**record.msg, "level": record.levelname.lower()}
        if level < logging.getLogger().level:
            return 0
        # That it lasts is other news than that it began.
        return self._healing.note(group, f"{kind} {level}", record.created)


def _healing(record: logging.LogRecord) -> tuple[str, str] | None:
    """What of all that heals by itself a line is about."""
    if record.name.startswith(_CLIENTS):
        return None if record.exc_info or record.levelno < logging.WARNING else _about_kafka(record)
    if record.name == "asyncio" and "/aiokafka/" in record.getMessage():
        return record.name, "aiokafka"  # what one of its own tasks ended with, which it never looked at
    if record.name == _STRANGERS:
        return (record.name, str(record.msg)) if record.levelno == logging.WARNING else None
    return _about(record, HEALS_BY_ITSELF)


def _about(record: logging.LogRecord, events: Mapping[str, tuple[str, ...]]) -> tuple[str, str] | None:
    event = record.msg.get("event") if isinstance(record.msg, dict) else None
    if isinstance(record.msg, dict) and event is not None and event in events:
        return event, " ".join(_reason(record.msg.get(field)) for field in events[event])
    return None


def _about_kafka(record: logging.LogRecord) -> tuple[str, str]:
    """Which broker a line of aiokafka's is about; else what it says."""
    broker = _BROKER.search(record.getMessage())
    if broker is None:
        return record.name, str(record.msg)
    return "a broker", ":".join(part for part in broker.groups() if part)


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


def say_what_python_would_print() -> None:
    """Let what the interpreter prints by itself be lines too: warnings, threads that broke, what a destructor raised.

    For processes that run for ever, where standard error is for machines.
    """
    log = get_logger("python")
    logging.captureWarnings(True)

    def thread_broke(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
            log.error("a thread broke", thread=getattr(told.thread, "name", ""), exc_info=told.exc_value)

    def not_raised(told: sys.UnraisableHookArgs) -> None:
        log.warning("what could not be raised", about=told.err_msg or repr(told.object), exc_info=told.exc_value)

    threading.excepthook, sys.unraisablehook = thread_broke, not_raised

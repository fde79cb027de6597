"""How long does `stamgast report --from --to` take over a million facts, and what memory?

A shop whose customers got five messages each; the topics hold their decisions, stamps, what became of the messages and
ten purchases each. Read in a process of its own: a whole partition's customers at a time, as it comes, and a quarter of
a partition's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.figures import Figure, table, tell
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill, measure
from benchmarks.span_job import BEGIN, MERCHANT, RULE
from stamgast.domain.activation import Note
from stamgast.domain.events import Purchase, PurchaseChanged, encode_event, key_of
from stamgast.domain.told import Line, encode_line
from stamgast.domain.units import DAY, HOUR
from stamgast.state.outbox import encode_note

_EACH = 5
_MOST_MB = 512.0


def run(scene: Scene) -> None:
    """Fill the topics and reckon."""
    customers = scene.sized(100_000, 200)
    with all_topics(scene) as topics:
        fill(scene, topics.facts, _facts(customers))
        fill(scene, topics.activations, _notes(customers))
        fill(scene, topics.customer_events, _purchases(customers))
        records = customers * _EACH * 7
        usual = records // PARTITIONS + 1
        rows, figures = [], []
        for name, at_once in (("a partition at once", usual), ("as it comes", 0), ("a quarter at once", usual // 4)):
            settings = {"bootstrap": scene.kafka.bootstrap, "prefix": topics.prefix, "partitions": PARTITIONS}
            found: dict[str, Any] = measure("benchmarks.span_job", settings | {"at_once": at_once}, timeout=1_800)
            assert found["sent"] == customers * _EACH, found
            rows.append((name, records, found["seconds"], found["cpu"], found["peak_mb"]))
            if not at_once:
                figures.append(Figure("report_span", round(found["cpu"], 1), "s of a core"))
                figures.append(
                    Figure("report_span_memory", found["peak_mb"], "MB", peer="target, at most", peer_value=_MOST_MB)
                )
    heads = ("kept in memory", "records", "seconds", "processor s", "peak MB")
    table(f"A report of a span, {customers * 2 * _EACH:,} facts", heads, rows)
    tell(figures)


def _names(customers: int) -> Iterator[tuple[str, bytes, int]]:
    """Each customer at each of their visits."""
    for visit in range(_EACH):
        for number in range(customers):
            customer = f"c{number:024}"
            yield customer, key_of(MERCHANT, customer), visit


def _facts(customers: int) -> Iterator[tuple[bytes, bytes]]:
    for customer, key, visit in _names(customers):
        at = BEGIN + visit * DAY
        about: dict[str, Any] = {"merchant": MERCHANT, "customer": customer, "at": at, "receipt": f"{customer}:{visit}"}
        yield (
            key,
            encode_line(
                Line(kind="stamps", became="stamped", card="bread", ordinal=1, before=visit, after=visit + 1, **about)
            ),
        )
        decided: dict[str, Any] = {"rule": RULE, "occasion": f"{customer}:{visit}"}
        decided["activation"] = f"{customer}{visit:07}"
        yield key, encode_line(Line(kind="decision", became="sent", channel="sms", **decided, **about))


def _notes(customers: int) -> Iterator[tuple[bytes, bytes]]:
    for customer, key, visit in _names(customers):
        at = BEGIN + visit * DAY
        for kind, status in (("decided", "submitted"), ("outcome", "accepted"), ("outcome", "delivered")):
            yield key, encode_note(
                Note(
                    kind=kind, activation=f"{customer}{visit:07}", merchant=MERCHANT, customer=customer, at=at,
                    rule=RULE, occasion=f"{customer}:{visit}", status=status, channel="sms", parts=1,
                )
            )  # fmt: skip


def _purchases(customers: int) -> Iterator[tuple[bytes, bytes]]:
    for customer, key, visit in _names(customers):
        for number, hours in enumerate((0, 9)):
            when = BEGIN + visit * DAY + hours * HOUR
            yield key, encode_event(
                PurchaseChanged(
                    merchant=MERCHANT, customer=customer, at=when, transaction=f"{customer}:{visit}:{number}",
                    after=Purchase(occurred_at=when, store="dok", currency="EUR", spend=500 + visit),
                )
            )  # fmt: skip

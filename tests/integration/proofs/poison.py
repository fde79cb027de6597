"""Records that end whoever applies them, as a fault in a domain function would: built into the workers of a proof."""

from __future__ import annotations

import os
import resource
from typing import Any

import streams.customers.batch
import streams.intake.job
from stamgast.service import handle
from streams.intake.claims import read_any

KINDS = ("loop", "exit", "memory")
MARK = "poison-"
_ROOM = 3 << 30
"""Bytes of addresses that a worker may have when memory is what it runs out of."""


def act(kind: str) -> None:
    """Do what a process does not come back from, or only without memory."""
    if kind == "exit":
        os._exit(9)
    if kind == "loop":
        while True:
            pass
    if kind == "memory":
        hoard = []
        while True:
            hoard.append(bytes(64 << 20))


def install() -> None:
    """Let intake and customers break at the records that are marked so."""
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, _ROOM))

    def read(record: Any, **more: Any) -> Any:
        kind = (record.value or b"").partition(MARK.encode())[2]
        if kind:
            act(kind.decode())
        return read_any(record, **more)

    def applied(state: Any, customer: str, events: Any, *more: Any) -> Any:
        for event in events:
            act(getattr(event, "transaction", "").partition(MARK)[2])
        return handle(state, customer, events, *more)

    # What is put in another's place has to be there: else nothing breaks, and the proof proves nothing.
    assert streams.intake.job.read_any is read_any  # type: ignore[attr-defined]
    assert streams.customers.batch.handle is handle  # type: ignore[attr-defined]
    streams.intake.job.read_any = read  # type: ignore[attr-defined]
    streams.customers.batch.handle = applied  # type: ignore[assignment, attr-defined]

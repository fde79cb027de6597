"""One canonical delivery into its transaction: all of it or nothing, for the worker and for `verify` alike."""

from __future__ import annotations

import copy

import msgspec

from stamgast.domain.events import Purchase as Net
from stamgast.domain.events import PurchaseChanged, encode_event, key_of
from stamgast.domain.net_purchase import net
from stamgast.domain.purchases import merge, took_place_at
from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.domain.units import Millis
from stamgast.log.topics import MAX_RECORD_BYTES
from stamgast.logs import get_logger
from streams.intake.canonical import Read

log = get_logger(__name__)


class NotMergedError(ValueError):
    """A delivery that changes nothing. The text says why and names no person."""


class Merged(msgspec.Struct, frozen=True, gc=False):
    """What a delivery made of its transaction, ready to be written: nothing that comes after this can fail."""

    state: Transaction
    value: bytes
    events: list[tuple[bytes, bytes]]
    """Keys and values of the events for the customers whose purchase changed."""


def merged(known: Transaction, read: Read, recorded_at: Millis, place: tuple[str, int]) -> Merged | None:
    """Take a delivery in; None if nothing changed. `known` stays as it was. `place` is the log's topic and partition.

    Raises:
        NotMergedError: whatever stood in the way; the deliveries before and after it must be applied.
    """
    # `merge` replaces fields and changes none in place
    state = copy.copy(known) if known.first_at or known.payments else Transaction()
    try:
        if not merge(state, read.purchase.data, read.recorded_at):
            return None
        events = _events_for(known, state, read, recorded_at, place)
        value = encode_transaction(state)
    except ValueError as error:
        raise NotMergedError(f"not applied: {error}") from None
    except Exception as error:  # a fault of ours: one delivery may not end every worker in turn
        log.exception("a delivery could not be applied", offset=read.record.offset)
        raise NotMergedError(f"not applied: {type(error).__name__} on our side") from error
    for key, event in events:
        if len(key) + len(event) > MAX_RECORD_BYTES:
            raise NotMergedError(f"not applied: with all of its versions it takes more than {MAX_RECORD_BYTES:,} bytes")
    return Merged(state, value, events)


def _events_for(
    known: Transaction, state: Transaction, read: Read, recorded_at: Millis, place: tuple[str, int]
) -> list[tuple[bytes, bytes]]:
    moment = took_place_at(state, read.purchase.data, recorded_at)
    where = (read.merchant, read.transaction)
    source = (*place, read.record.offset)
    return events_between(known, state, where, source, recorded_at=recorded_at, happened_at=moment)


def events_between(
    known: Transaction,
    state: Transaction,
    name: tuple[str, str],
    source: tuple[str, int, int],
    *,
    recorded_at: Millis,
    happened_at: Millis,
) -> list[tuple[bytes, bytes]]:
    """What customers are told of a transaction (merchant, id) that went from `known` to `state`."""
    merchant, transaction = name
    changes = _changes(known.whose, net(known), state.whose, net(state))
    return [
        (
            key_of(merchant, whose),
            encode_event(
                PurchaseChanged(
                    merchant=merchant,
                    customer=whose,
                    at=recorded_at,
                    source=(*source, index),
                    transaction=transaction,
                    after=now,
                    before=was,
                    happened_at=happened_at,
                )
            ),
        )
        for index, (whose, was, now) in enumerate(changes)
    ]


def _changes(
    old_customer: str, before: Net | None, new_customer: str, after: Net | None
) -> list[tuple[str, Net | None, Net | None]]:
    """Whose purchase changed, from what to what."""
    if old_customer == new_customer:
        return [(new_customer, before, after)] if new_customer and before != after else []
    changes: list[tuple[str, Net | None, Net | None]] = []
    if old_customer and before is not None:
        changes.append((old_customer, before, None))
    if new_customer and after is not None:
        changes.append((new_customer, None, after))
    return changes

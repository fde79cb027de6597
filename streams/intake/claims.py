"""Claims of receipts, as they stand on `purchases.v1` among purchases: read, and applied to their transaction."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Final

import msgspec

from stamgast.domain.claims import (
    EVENT_TYPE,
    REPEATED_WITHIN,
    Answer,
    Asked,
    ClaimOutcome,
    ClaimRecord,
    brought,
    decide,
    decode_claim,
)
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.net_purchase import net
from stamgast.domain.payments import paid
from stamgast.domain.program import MERCHANT
from stamgast.domain.recorded import bounded
from stamgast.domain.transactions import Transaction, encode_transaction
from stamgast.domain.units import Millis
from stamgast.log.topics import MAX_RECORD_BYTES
from stamgast.logs import get_logger
from streams.intake.canonical import Read, UnreadableError, read_record
from streams.intake.merge import NotMergedError, events_between
from streams.intake.record_mac import OTHERS, Proofs
from streams.runtime.job import Record

log = get_logger(__name__)

_MARK: Final = f'"type":"{EVENT_TYPE}"'.encode()
"""As we write it; inside of a text its quotes would be escaped."""


class ReadClaim(msgspec.Struct, frozen=True, gc=False):
    """A claim that was read."""

    merchant: str
    asked: Asked
    record: Record
    recorded_at: Millis

    @property
    def transaction(self) -> str:
        """Of which transaction it is."""
        return self.asked.transaction_id


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """What a claim made of its transaction, ready to be written."""

    state: Transaction
    value: bytes | None
    """To write in the transaction's place; None: it is as it was."""
    answers: dict[str, Answer]
    """By request."""
    events: list[tuple[bytes, bytes]]


def read_any(
    record: Record, *, is_here: bool, proofs: Proofs, real_time: bool = False, held: bool = False
) -> Read | ReadClaim:
    """As `read_record`, and claims as well. Raises UnreadableError."""
    if _MARK in (record.value or b""):
        claim = _decoded(record.value or b"")
        if claim is not None:
            return _read_claim(claim, record, is_here=is_here, proofs=proofs, held=held)
    return read_record(record, is_here=is_here, proofs=proofs, real_time=real_time, held=held)


def _decoded(value: bytes) -> ClaimRecord | None:
    try:
        return decode_claim(value)
    except UNREADABLE:
        return None


def _read_claim(claim: ClaimRecord, record: Record, *, is_here: bool, proofs: Proofs, held: bool) -> ReadClaim:
    merchant, _, transaction = (record.key or b"").decode(errors="replace").partition(":")
    if not is_here or not MERCHANT.fullmatch(merchant) or transaction != claim.data.transaction_id:
        raise UnreadableError("its key is not merchant:transaction of the claim that it holds, or of another partition")
    if proofs.origin(merchant, record) is OTHERS:
        raise UnreadableError("a claim that others wrote: claims come by `POST …/claims`, payments by a connection")
    stamp = claim.stamgastrecordedat
    return ReadClaim(merchant, claim.data, record, bounded(stamp, record.timestamp) if held else stamp)


def claimed(
    known: Transaction, read: ReadClaim, at: Millis, place: tuple[str, int], earlier: Callable[[str], Answer | None]
) -> Claimed:
    """Apply a claim. `known` stays as it was; `earlier` says what was answered to a request before.

    Raises:
        NotMergedError: whatever stood in the way; what comes before and after it must be applied.
    """
    try:
        made = _claimed(known, read, at, place, earlier)
    except Exception as error:  # a fault of ours: one claim may not end every worker in turn
        log.exception("a claim could not be applied", offset=read.record.offset)
        raise NotMergedError(f"not applied: {type(error).__name__} on our side") from error
    if any(len(key) + len(event) > MAX_RECORD_BYTES for key, event in made.events):
        raise NotMergedError(f"not applied: the receipt takes more than {MAX_RECORD_BYTES:,} bytes with its refunds")
    return made


def _claimed(
    known: Transaction, read: ReadClaim, at: Millis, place: tuple[str, int], earlier: Callable[[str], Answer | None]
) -> Claimed:
    asked = read.asked
    if asked.verdict in {"bring", "paid"}:
        return _told(known, read, at, place)
    before = earlier(asked.id)
    if before is not None and at - before.at <= REPEATED_WITHIN:
        return Claimed(known, None, {asked.id: before}, [])
    decided = decide(known, asked, at)
    claim = decided.claim or known.claim
    whose = asked.customer_id or (claim.customer if claim is not None and asked.verdict else "")
    answer = Answer(decided.outcome, at, asked.claim_id, whose, asked.transaction_id, asked.request)
    answers = {asked.id: answer}
    if asked.verdict and decided.outcome is not ClaimOutcome.NO_CLAIM:  # who claimed it learns of it as well
        first = earlier(asked.claim_id)
        answers[asked.claim_id] = msgspec.structs.replace(answer, request=first.request if first else "")
    if decided.claim == known.claim:
        return Claimed(known, None, answers, [])
    state = copy.copy(known)
    state.claim = decided.claim
    state.revision += 1
    name, source = (read.merchant, read.transaction), (*place, read.record.offset)
    events = events_between(known, state, name, source, recorded_at=at, happened_at=at)
    return Claimed(state, encode_transaction(state), answers, events)


def _told(known: Transaction, read: ReadClaim, at: Millis, place: tuple[str, int]) -> Claimed:
    """Of two customers that are one, or of who paid: what was bought then is news to them, and as old as it is."""
    state = brought(known, read.asked) if read.asked.verdict == "bring" else paid(known, read.asked)
    if state is None:
        return Claimed(known, None, {}, [])
    left = net(known)
    happened_at = at if left is None else left.occurred_at
    name, source = (read.merchant, read.transaction), (*place, read.record.offset)
    events = events_between(known, state, name, source, recorded_at=at, happened_at=happened_at)
    return Claimed(state, encode_transaction(state), {}, events)

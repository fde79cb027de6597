"""From what a batch of customers came to, to the commands of its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stamgast.domain.activation import Note, Submission
from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.events import key_of
from stamgast.domain.shop_codes import mark_of
from stamgast.domain.units import SECOND
from stamgast.domain.voucher_codes import short_of
from stamgast.service import Change
from stamgast.service.change import Report
from stamgast.state.keys import IDLE, PartitionKeys
from stamgast.state.outbox import NOTE, TOLD, Lane, encode_submission
from stamgast.state.partitions import Writes
from stamgast.state.roll import entry_of
from stamgast.state.session import Word
from stamgast.state.voucher_owners import encode_owner, name_by_mark
from streams.customers.batch import Result, earliest
from streams.customers.counters import by_hash
from streams.customers.in_force import Standing
from streams.customers.state_cache import Name

ANSWER_KEPT_S: Final = 86_400
_PLACES: Final = 1 << 16
"""A step's submissions stand between its place and the next one's."""
BOUND_KEPT_S: Final = 2 * 86_400
_WORDS_AT_ONCE: Final = 2_000
"""Words that one command carries behind its key: an even number, and about half of what a script takes."""
_NOTES_AT_ONCE: Final = 1_000
_NOTES_OF_A_STEP: Final = 1_000_000
"""More than one step can write."""
CODE_KEPT_S: Final = 30 * 86_400
"""After its end a code is still known for so long, so that a till is told why it is refused."""


@dataclass(slots=True)
class Written:
    """What a batch put into its writes, for those who work on once it is committed."""

    standing: Standing
    states: list[tuple[Name, bytes]] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    finished: dict[Lane, list[str]] = field(default_factory=dict)
    reports: list[tuple[Lane, Report]] = field(default_factory=list)
    """What the carrier found out of messages that it took."""
    notes: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Key and value of records for the log of activations."""
    told: list[tuple[bytes, bytes]] = field(default_factory=list)
    """The same for the log of facts."""
    note_ids: list[str] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    """Those that the step moves, as they are after it (`streams.customers.counters`)."""
    doubtful: bool = False
    """There is something new to look up."""
    parked: int = 0
    """Events that were put behind what waits."""


def write(
    results: Sequence[Result], keys: PartitionKeys, writes: Writes, written: Written,
    place: int, *, quiet: bool,
) -> None:  # fmt: skip
    """Turn changes into commands. `place` orders the outbox. `quiet`: the notes were written once before.

    Notes stand in a stream, whose ids must grow: steps at the same place of the log are told apart by their turn.
    """
    stands: dict[str, bool] = {}
    for result in results:
        merchant, customer = result.name
        writes.set(keys.customer(merchant, customer), result.value)
        if not quiet:
            key = key_of(merchant, customer)
            written.told += [(key, line) for line in result.told]
            written.notes += result.notes
        for change in result.changes:
            if change.ledger:
                _write_ledger(keys.ledger(merchant, customer), change, writes)
            if change.issued or change.submissions or change.recoded:
                _write_voucher_owners(keys, merchant, customer, change, writes)
            if change.codes or change.reviews or change.asks or change.wants or change.entries or change.answers:
                _write_what_is_rare(keys, result.name, change, writes)
            if change.submissions or change.finished:
                written.submissions += change.submissions
                _write_finished(keys, result.name, change, writes, written)
                stands |= change.stands
            writes.cancels += change.cancels
            if change.notes:
                _write_bound(keys.bound(merchant, customer), change.notes, writes)
                written.reports += [((merchant, report.channel), report) for report in change.reports]
    written.submissions = _standing(written, stands)
    _write_timers(keys, results, writes)
    _write_counters(keys, written.counters, writes)
    _write_outbox(keys, writes, written, place)


def _write_what_is_rare(keys: PartitionKeys, name: Name, change: Change, writes: Writes) -> None:
    """What most purchases change nothing of."""
    merchant, customer = name
    for code, owner in change.codes.items():
        key = keys.referral(merchant, code)
        writes.do("DEL", key) if owner is None else writes.do("SET", key, owner)
    _write_reviews(keys, merchant, customer, change, writes)
    _write_named(keys.asks, change.asks, writes)
    _write_named(keys.wants, change.wants, writes)
    _write_named(keys.entries, change.entries, writes)
    for event, answer in change.answers.items():
        writes.do("SET", keys.answer(merchant, event), answer, "EX", ANSWER_KEPT_S)


def write_codes(brought: Mapping[tuple[str, str], Sequence[str]], keys: PartitionKeys, writes: Writes) -> None:
    """Put codes of shops' own behind those of their pools."""
    for name, codes in brought.items():
        _do_in_pieces(writes, ("RPUSH", keys.pool(*name)), codes)


def _write_timers(keys: PartitionKeys, results: Sequence[Result], writes: Writes) -> None:
    """When somebody's first timer is due, where that is another moment; and who is new, on their merchant's roll."""
    due: list[Word] = []
    idle: list[Word] = []
    new: dict[str, list[Word]] = {}
    for result in results:
        (merchant, customer), before = result.name, result.due
        if before is None and customer != STAFF_ROOM:
            new.setdefault(merchant, []).append(entry_of(customer))
        now = earliest(result.changes[-1].state)
        if now is None or now == before:
            continue
        if now != IDLE:
            due += (now, f"{merchant}:{customer}")
        elif before is not None:
            idle.append(f"{merchant}:{customer}")
    _do_in_pieces(writes, ("ZADD", keys.timers), due)
    _do_in_pieces(writes, ("ZREM", keys.timers), idle)
    for merchant, entries in new.items():
        _do_in_pieces(writes, ("RPUSH", keys.roll(merchant)), entries)


def _standing(written: Written, stands: Mapping[str, bool]) -> list[Submission]:
    """What is in the outbox after the step: one step may submit, finish and submit anew."""
    if not written.finished:
        return written.submissions
    last = {submission.activation: submission for submission in written.submissions}
    return [submission for name, submission in last.items() if stands[name]]


def _write_voucher_owners(keys: PartitionKeys, merchant: str, customer: str, change: Change, writes: Writes) -> None:
    """A till knows a code alone: note whose it is, where its partition is looked up.

    Of what a message tells of as well: it says the short code, which vouchers from before these had not.
    """
    kept = {each.code: (each.expires_at - each.issued_at) // SECOND for each in (*change.issued, *change.recoded)}
    for each in change.submissions:
        told, ends = each.data.get("code"), each.data.get("valid_until")
        if told and ends and told not in kept:
            kept[told] = max(0, int(ends) - each.decided_at) // SECOND
    for code, left in kept.items():
        owner = encode_owner(customer, code)
        writes.do("SET", keys.voucher(merchant, short_of(code)), owner, "EX", left + CODE_KEPT_S)
    for voucher in (*change.issued, *change.recoded):
        if voucher.terms is not None and voucher.terms.shop_code:
            name = keys.voucher(merchant, name_by_mark(mark_of(voucher.terms.shop_code)))
            writes.do("SET", name, encode_owner(customer, voucher.code), "EX", kept[voucher.code] + CODE_KEPT_S)


def _write_reviews(keys: PartitionKeys, merchant: str, customer: str, change: Change, writes: Writes) -> None:
    """The list of purchases that wait for a person; a transaction may move from one customer to another."""
    for transaction, waiting in change.reviews.items():
        name = f"{merchant}:{customer}:{transaction}"
        if waiting is None:
            writes.do("HDEL", keys.review, name)
        else:
            writes.do("HSET", keys.review, name, waiting)


def _write_named(key: str, values: Mapping[str, bytes | None], writes: Writes) -> None:
    for name, value in values.items():
        if value is None:
            writes.do("HDEL", key, name)
        else:
            writes.do("HSET", key, name, value)


def _write_finished(keys: PartitionKeys, name: Name, change: Change, writes: Writes, written: Written) -> None:
    merchant, customer = name
    for activation, channel in change.finished.items():
        written.finished.setdefault((merchant, channel), []).append(activation)
        writes.do("SREM", keys.begun(merchant, customer), activation)


def _write_bound(key: str, notes: Sequence[Note], writes: Writes) -> None:
    """A message that is known to be one activation's must never prove another one's: see `streams.outbox.in_doubt`."""
    known = sorted({note.provider_id for note in notes if note.provider_id})
    if known:
        _do_in_pieces(writes, ("SADD", key), known)
        writes.do("EXPIRE", key, BOUND_KEPT_S)


def _write_counters(keys: PartitionKeys, counters: Mapping[str, int], writes: Writes) -> None:
    """One that is nothing does not stand there, whether or not it ever was something."""
    for key, names in by_hash(keys, counters).items():
        moved = [word for name in names if counters[name] for word in (name, counters[name])]
        _do_in_pieces(writes, ("HSET", key), moved)
        _do_in_pieces(writes, ("HDEL", key), [name for name in names if not counters[name]])


def _write_ledger(key: str, change: Change, writes: Writes) -> None:
    if len(change.ledger) == 1:  # as nearly always
        ((name, value),) = change.ledger.items()
        writes.do("HDEL", key, name) if value is None else writes.do("HSET", key, name, value)
        return
    kept: list[Word] = []
    gone: list[Word] = []
    for name, value in change.ledger.items():
        if value is None:
            gone.append(name)
        else:
            kept += (name, value)
    _do_in_pieces(writes, ("HSET", key), kept)
    _do_in_pieces(writes, ("HDEL", key), gone)


def _write_outbox(keys: PartitionKeys, writes: Writes, written: Written, place: int) -> None:
    for lane, finished in written.finished.items():  # first: one of them may be submitted anew by the same step
        for kind, key in (("HDEL", keys.outbox), ("HDEL", keys.sending), ("ZREM", keys.lane(*lane))):
            _do_in_pieces(writes, (kind, key), finished)
    lanes: dict[Lane, list[Word]] = {}
    for index, submission in enumerate(written.submissions):
        writes.do("HSET", keys.outbox, submission.activation, encode_submission(submission))
        within = min(index, _PLACES - 1) / _PLACES
        lanes.setdefault((submission.merchant, submission.channel), []).extend((place + within, submission.activation))
    for lane, places in lanes.items():
        _do_in_pieces(writes, ("ZADD", keys.lane(*lane)), places)
    _do_in_pieces(writes, ("SADD", keys.lanes), [":".join(lane) for lane in lanes])
    lines = [(NOTE, note) for _, note in written.notes] + [(TOLD, line) for _, line in written.told]
    for start in range(0, len(lines), _NOTES_AT_ONCE):
        fields = [word for line in lines[start : start + _NOTES_AT_ONCE] for word in line]
        written.note_ids.append(f"{place + 1}-{written.standing.turns * _NOTES_OF_A_STEP + start}")
        writes.do("XADD", keys.notes, written.note_ids[-1], *fields)


def _do_in_pieces(writes: Writes, command: tuple[str, str], words: Sequence[Word]) -> None:
    """Run a command on a key with any number of words, pairs kept whole; without words not at all."""
    if len(words) <= _WORDS_AT_ONCE:
        if words:
            writes.do(*command, *words)
        return
    for start in range(0, len(words), _WORDS_AT_ONCE):
        writes.do(*command, *words[start : start + _WORDS_AT_ONCE])

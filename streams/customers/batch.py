"""One chunk of a partition of customers, sorted by customer: thought through, and turned into what to write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.errors import UNREADABLE, DomainError, why_unreadable
from stamgast.domain.events import AnyEvent, encode_event, key_of
from stamgast.domain.ledger import NotReadError, Part, written
from stamgast.domain.told import encode_line
from stamgast.logs import get_logger
from stamgast.service import Bundle, Change, Context, handle, ledger_keys
from stamgast.state.errors import StateError
from stamgast.state.keys import IDLE
from stamgast.state.outbox import encode_note, encode_submission
from stamgast.state.partitions import Lease
from stamgast.state.session import Word
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.customers.sorting import Believes, Run, Sorting
from streams.customers.state_cache import Name, RecentStates
from streams.runtime.job import THINK_S

log = get_logger(__name__)


class Result(msgspec.Struct, frozen=True, gc=False):
    """What came of a customer's events."""

    name: Name
    due: int | None
    """When the earliest timer was due before, as `earliest` says."""
    changes: list[Change]
    value: bytes
    """The state to write."""
    told: list[bytes]
    """Lines for `facts.v1`, as they stand there."""
    notes: list[tuple[bytes, bytes]] = []
    """Key and value of records for `activations.v1`."""


class Proven(NamedTuple):
    """The last state, the lines that are told and the notes, as they are written."""

    state: bytes
    told: list[bytes]
    notes: list[tuple[bytes, bytes]]


class Batch(Sorting):
    """See the module. `standing` is a copy that becomes the partition's own once the step is committed."""

    def __init__(
        self, lease: Lease, standing: Standing, bundles: Bundles, partition: int, voucher_key: bytes,
        *, recent: RecentStates, believes: Believes | None = None,
    ) -> None:  # fmt: skip
        super().__init__(lease, standing, bundles, partition, voucher_key, believes=believes)
        self.recent = recent
        self.failures: set[tuple[str, int, str, str]] = set()
        """Merchant, number of its barrier then, rule that raised, and what."""
        self._turn = time.perf_counter()
        self._newest: Context | None = None

    async def think(self) -> list[Result]:
        """Look up the customers' states, and the ledger entries that changes need, and apply everything."""
        names = list(self.runs)
        values = await self._read_states(names)
        states = {name: self._known(name, value) for name, value in zip(names, values, strict=True)}
        names = [name for name in names if name in self.runs]
        ledgers = await self._read_ledgers(names, [states[name] for name in names])
        results: list[Result] = []
        for name, value in zip(list(states), values, strict=True):
            if name in self.runs:
                due = earliest(states[name])
                ledger = ledgers.get(name, Part())
                applied = self._apply(name, states[name], ledger)
                changes, proven = applied or await self._apply_singly(name, value, ledger)
                if proven is not None:
                    results.append(Result(name, due, changes, *proven))
            if self._has_thought_enough():
                await self._yield()
        return results

    async def _read_states(self, names: Sequence[Name]) -> list[bytes | None]:
        """Those that were written lately are remembered; the others are read, at the watermark."""
        values = [self.recent.get(name) for name in names]
        absent = [place for place, value in enumerate(values) if value is None]
        if absent:
            customer = self.lease.keys.customer
            read = await self.lease.read([customer(*names[place]) for place in absent])
            for place, value in zip(absent, read, strict=True):
                values[place] = value
        return values

    def _known(self, name: Name, value: bytes | None) -> Customer | None:
        """Decode a customer's state. Whose cannot be read is left as it is: the others must go on."""
        try:
            return None if value is None else decode_customer(value)
        except UNREADABLE as error:
            log.error(
                "a customer's state cannot be read", merchant=name[0], customer=name[1], why=why_unreadable(error)
            )
            for run in self.runs.pop(name):
                self.rejected += [(item.record, "what is known of its customer cannot be read") for item in run.items]
            return None

    async def _read_ledgers(
        self, names: Sequence[Name], states: Sequence[Customer | None]
    ) -> dict[Name, Mapping[bytes, bytes]]:
        wanted: list[tuple[Name, list[bytes] | None]] = []
        for name, state in zip(names, states, strict=True):
            runs = self.runs[name]
            # None: all of it. A bundle that changed in between is rare.
            fields = _ledger_fields(state, runs[0]) if len(runs) == 1 else None
            if fields is None or fields:
                wanted.append((name, fields))
        if self._has_thought_enough():
            await self._yield()
        if not wanted:
            return {}
        commands = [_reading(self.lease.keys.ledger(*name), fields) for name, fields in wanted]
        answers = await self.lease.read([], *commands)
        return {name: _as_ledger(fields, answer) for (name, fields), answer in zip(wanted, answers, strict=True)}

    def _apply(
        self, name: Name, state: Customer | None, ledger: Mapping[bytes, bytes]
    ) -> tuple[list[Change], Proven] | None:
        """Apply a customer's events; with what came of them comes what to write. None: not all at once."""
        runs = self.runs[name]
        try:
            changes, known = [], ledger
            for run in runs:
                change = handle(state, name[1], run.events, self._context(run.bundle), known)
                changes.append(change)
                state = change.state
                if len(runs) > 1:
                    known = written(known, change.ledger)
            proven = _proven(changes)
        except Exception:  # noqa: BLE001  whatever it was, the events before and after the bad one must be applied
            return None
        for run, change in zip(runs, changes, strict=True):
            self._note_failures(name, run, change)
        return changes, proven

    async def _apply_singly(
        self, name: Name, value: bytes | None, ledger: Mapping[bytes, bytes]
    ) -> tuple[list[Change], Proven | None]:
        """One event after another, leaving out those that cannot be applied and reading what they turn out to need."""
        changes: list[Change] = []
        lines: list[bytes] = []
        notes: list[tuple[bytes, bytes]] = []
        for run in self.runs[name]:
            for item in run.items:
                event, record = item.event, item.record
                try:
                    change, ledger = await self._apply_one(name, value, event, run, ledger)
                    value, told, noted = _proven([change])
                except DomainError as error:
                    self.rejected.append((record, str(error)))
                    continue
                except StateError:
                    raise
                except Exception as error:  # a fault of ours: nothing of this customer's may block the others
                    log.exception("an event could not be applied", offset=record.offset)
                    self.rejected.append((record, f"{type(error).__name__} while applying it"))
                    continue
                changes.append(change)
                lines += told
                notes += noted
                self._note_failures(name, run, change)
                ledger = written(ledger, change.ledger)
                if self._has_thought_enough():
                    await self._yield()
        return changes, Proven(value, lines, notes) if changes and value is not None else None

    async def _apply_one(
        self, name: Name, value: bytes | None, event: AnyEvent, run: Run, ledger: Mapping[bytes, bytes]
    ) -> tuple[Change, Mapping[bytes, bytes]]:
        """Apply an event; with what came of it comes what was read of the ledger by then."""
        while True:
            state = None if value is None else decode_customer(value)
            try:
                return handle(state, name[1], [event], self._context(run.bundle), ledger), ledger
            except NotReadError as more:
                ledger = await self._read_more(name, ledger, more.fields)

    async def _read_more(
        self, name: Name, ledger: Mapping[bytes, bytes], fields: list[bytes] | None
    ) -> Mapping[bytes, bytes]:
        """A ledger with more of what stands in Redis; what this step has changed of it stays as it is."""
        [answer] = await self.lease.read([], _reading(self.lease.keys.ledger(*name), fields))
        merged = {**_as_ledger(fields, answer), **ledger}
        return Part(merged) if fields is not None else {field: value for field, value in merged.items() if value}

    def _note_failures(self, name: Name, run: Run, change: Change) -> None:
        if change.failures:
            self.failures.update((name[0], run.number, *failure) for failure in change.failures)

    def _context(self, bundle: Bundle) -> Context:
        """That of the bundle asked for last is kept: most of a chunk is one merchant's."""
        context = self._newest
        if context is None or context.bundle is not bundle:
            context = self._newest = Context(bundle, self._partition, self._voucher_key)
        return context

    def _has_thought_enough(self) -> bool:
        return time.perf_counter() - self._turn > THINK_S

    async def _yield(self) -> None:
        await asyncio.sleep(0)
        self._turn = time.perf_counter()


def _ledger_fields(state: Customer | None, run: Run) -> list[bytes] | None:
    """What the run needs of the ledger; None: all of it, which is always enough."""
    try:
        return ledger_keys(state, run.events, run.bundle.program)
    except Exception:  # noqa: BLE001  applying them one by one will tell which event it was
        return None


def _proven(changes: Sequence[Change]) -> Proven:
    """Encode what is to be written of changes, so that what cannot be is found out here."""
    told: list[bytes] = []
    notes: list[tuple[bytes, bytes]] = []
    for change in changes:
        if change.told:
            told += map(encode_line, change.told)
        for submission in change.submissions:
            encode_submission(submission)
        if change.notes:
            notes += [(key_of(note.merchant, note.customer), encode_note(note)) for note in change.notes]
        for event in change.tells:
            encode_event(event)
    return Proven(encode_customer(changes[-1].state), told, notes)


def earliest(state: Customer | None) -> int | None:
    """When the customer's first timer is due; `IDLE` for who has none, None for who is not there."""
    if state is None:
        return None
    return min(state.timers.values()) if state.timers else IDLE


def _reading(key: str, fields: list[bytes] | None) -> Sequence[Word]:
    return ("HGETALL", key) if fields is None else ("HMGET", key, *fields)


def _as_ledger(fields: list[bytes] | None, answer: list[bytes]) -> Mapping[bytes, bytes]:
    if fields is None:
        words = iter(answer)
        return dict(zip(words, words, strict=True))
    return Part({name: value or b"" for name, value in zip(fields, answer, strict=True)})

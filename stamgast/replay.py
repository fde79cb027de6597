"""A partition of `customer.events.v1` folded from its records alone: what its state in Redis must be.

It does what the worker's customers service does with a record, minus Kafka and Redis: recorded time never goes back,
repeats are skipped by their source, barriers change the bundle in force, events of a merchant without a bundle wait
for its first barrier, and an event that cannot be applied is passed over (the worker puts it into the dead letters).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from stamgast.domain.events import AnyEvent, Barrier, RulePaused, Source, decode_event
from stamgast.domain.recorded import bounded_event
from stamgast.domain.units import Millis
from stamgast.service import Bundle
from stamgast.simulate import Fold

FindBundle = Callable[[str, str, int], Bundle]
"""(merchant, hash, number) -> the bundle. Raises KeyError if that was not published under that number,
another LookupError if it cannot be used."""


class PartitionReplay:
    """One partition, record by record. `fold` holds the states; `watermark` is the newest offset applied."""

    def __init__(self, partition: int, voucher_key: bytes, find_bundle: FindBundle) -> None:
        self.fold = Fold(voucher_key)
        self.watermark = -1
        self.passed_over: list[int] = []
        """Offsets of records that could not be applied."""
        self._partition = partition
        self._find_bundle = find_bundle
        self._in_force: dict[str, Bundle] = {}
        self._numbers: dict[str, int] = {}
        self._paused: dict[str, set[str]] = {}
        self._waiting: dict[str, list[AnyEvent]] = {}
        self._sources: dict[tuple[str, int], tuple[int, int]] = {}
        self._time: Millis = 0

    @property
    def bundles(self) -> Mapping[str, Bundle]:
        """The bundle in force per merchant."""
        return self._in_force

    def apply(self, offset: int, value: bytes | None, appended_at: Millis = 0) -> None:
        """Apply the record at an offset. `appended_at` is the log's time of it, 0 where stamps are not held to that."""
        self.watermark = offset
        try:
            event = bounded_event(decode_event(value or b""), appended_at)
        except (msgspec.DecodeError, RecursionError):
            self.passed_over.append(offset)
            return
        self._time = max(self._time, event.at)
        event = msgspec.structs.replace(event, at=self._time)
        if event.source is not None and self._is_repeat(event.source):
            return
        if isinstance(event, Barrier):
            self._come_into_force(event)
        elif isinstance(event, RulePaused):
            self._pause(event)
        elif (bundle := self._in_force.get(event.merchant)) is None:
            self._waiting.setdefault(event.merchant, []).append(event)
        else:
            self._try(event, bundle)

    def _come_into_force(self, barrier: Barrier) -> None:
        if barrier.number <= self._numbers.get(barrier.merchant, -1):
            return
        try:
            bundle = self._find_bundle(barrier.merchant, barrier.hash, barrier.number)
        except KeyError:
            return  # nobody published this: it is no barrier of ours
        except LookupError:
            self._numbers[barrier.merchant] = barrier.number
            return  # unusable: the one before it stays in force
        self._numbers[barrier.merchant] = barrier.number
        self._in_force[barrier.merchant] = bundle
        self._paused.pop(barrier.merchant, None)
        for event in self._waiting.pop(barrier.merchant, ()):
            # What waited happens now: time never goes back for a customer.
            self._try(msgspec.structs.replace(event, at=self._time), bundle)

    def _pause(self, event: RulePaused) -> None:
        bundle = self._in_force.get(event.merchant)
        if bundle is None or event.number != self._numbers.get(event.merchant):
            return
        self._paused.setdefault(event.merchant, set()).add(event.rule)
        self._in_force[event.merchant] = replace(bundle, rules=bundle.rules.pausing(self._paused[event.merchant]))

    def _try(self, event: AnyEvent, bundle: Bundle) -> None:
        try:
            self.fold.apply(event, bundle, self._partition)
        except Exception:  # noqa: BLE001  as the worker: whatever it was, the other events must be applied
            self.passed_over.append(self.watermark)

    def _is_repeat(self, source: Source) -> bool:
        topic, partition, offset, index = source
        if (offset, index) <= self._sources.get((topic, partition), (-1, -1)):
            return True
        self._sources[topic, partition] = (offset, index)
        return False

"""The verdict: live state against an independent recomputation, and what people got against what rules promised."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio

from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.program import Program
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.record import decode_bundle, load_record
from tests.all_vouchers import whole
from tests.integration.proofs.feed import NOBODY
from tests.oracle import Figures, Oracle, SimpleRule, differences, figures_from_purchases
from tests.oracle_customers import Key

Log = dict[int, list[Any]]
"""Partition -> its records."""

ID_KEY = bytes(32)
"""The key of every test deployment."""


@dataclass
class Verdict:
    """Figures for people, and everything that is wrong."""

    deliveries: int = 0
    events: int = 0
    repeats: int = 0
    customers: int = 0
    expected: int = 0
    sent: int = 0
    unproven: int = 0
    guests: int = 0
    letters: int = 0
    """Records that nobody can apply, each of them found among the dead letters."""
    undecided: int = 0
    """Messages whose occasion was taken back in time or not; both are right."""
    wrong: list[str] = field(default_factory=list)


async def read_log(bootstrap: str, topic: str, partitions: int) -> Log:
    """Everything in a topic."""
    async with LogReader(bootstrap) as reader:
        return {n: [r async for piece in reader.read_all(topic, n) for r in piece] for n in range(partitions)}


async def programs_of(bootstrap: str, topics: Topics) -> dict[str, Program]:
    """Every programme that was ever published, by its bundle's hash."""
    found = {}
    for each in (await read_log(bootstrap, topics.programs, 1))[0]:
        bundle = decode_bundle(each.value)
        found[bundle.hash] = load_record(bundle).program
    return found


async def live_customers(redis_url: str, partitions: int) -> dict[Key, Customer]:
    """Every customer's state as Redis holds it, with all vouchers."""
    found: dict[Key, Customer] = {}
    client: Any
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        for number in range(partitions):
            prefix = f"{{c{number}}}:c:"
            async for name in client.scan_iter(match=prefix.replace("{", "\\{") + "*", count=1_000):
                merchant, _, customer = name.decode().removeprefix(prefix).rpartition(":")
                state = decode_customer(await client.get(name))
                if state.apart is not None:
                    state = whole(state, await client.hgetall(f"{{c{number}}}:l:{merchant}:{customer}"))
                found[merchant, customer] = state
    return found


class PartitionOracle(Oracle):
    """One partition's oracle; the rules in force may change with a barrier, too."""

    def __init__(self, programs: Mapping[str, Program], rules: Mapping[str, tuple[SimpleRule, ...]]) -> None:
        super().__init__(programs)
        self._rules_by_hash = rules
        self._parked: list[dict[str, Any]] = []
        self._time = 0
        self.repeats = 0

    def apply(self, value: bytes) -> None:
        event = json.loads(value)
        merchant = event["merchant"]
        self._time = max(self._time, event["at"])  # recorded time never goes back in a partition
        if event["customer"] == NOBODY:
            return
        if event["type"] == "barrier":
            if event["number"] > self._barriers.get(merchant, -1):
                self.rules_in_force(merchant, self._rules_by_hash[event["hash"]])
            super().apply(value)
            waiting, self._parked = self._parked, []
            for each in waiting:
                self._apply_now(each)
        elif merchant not in self._in_force:
            self._parked.append(event)  # an event before the merchant's first programme waits for it
        else:
            self._apply_now(event)

    def _apply_now(self, event: dict[str, Any]) -> None:
        super().apply(json.dumps(event | {"at": self._time}).encode())

    def _timer_due(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        """A timer that was moved to an earlier moment meanwhile is due all the more."""
        due, noticed = event["due"], figures.lapse_noticed
        lapse, lapsed = figures.lapse_due(), figures.lapsed_due()
        fresh = event["at"] - due <= figures.program.timers_fresh_for
        if lapse is not None and lapse <= due:
            event = event | {"due": lapse}
        elif lapsed is not None and lapsed <= due:
            event = event | {"due": lapsed}
        super()._timer_due(key, figures, event)
        if figures.lapse_noticed != noticed:
            for rule in self._rules_on_lapse(key):
                self._fire(key, figures, rule, f"quiet:{figures.days[-1]}", event["at"], fresh=fresh)

    def _purchase_changed(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        """A "we miss you" that still waits when its customer is back does not go."""
        super()._purchase_changed(key, figures, event)
        quiet = f"quiet:{figures.days[-1]}" if figures.days else ""
        for rule in self._rules_on_lapse(key):
            for occasion in figures.occasions[rule.id] - {quiet}:
                self.wanted[key, rule.id, occasion].taken_back = True

    def _rules_on_lapse(self, key: Key) -> list[SimpleRule]:
        return [rule for rule in self._rules.get(key[0], ()) if rule.on == "lapsing"]

    def _is_repeat(self, event: dict[str, Any]) -> bool:
        answer = super()._is_repeat(event)
        self.repeats += answer
        return answer


def canonical_purchases(log: Log, partitions: int) -> Iterable[tuple[bytes, bytes]]:
    """The records that count, each source once: right partition, resolved, stamped."""
    for partition, records in log.items():
        marks: dict[tuple[str, int], tuple[int, int]] = {}
        for each in records:
            try:
                document = json.loads(each.value or b"")
                data = document["data"]
            except (ValueError, KeyError, TypeError):
                continue
            source = document.get("stamgastsource")
            if source is not None:
                if not is_ours(each.key, each.value):
                    continue  # somebody made it up: it is taken over as what it is
                topic, number, offset, index = source
                if (offset, index) <= marks.get((topic, number), (-1, -1)):
                    continue
                marks[topic, number] = (offset, index)
            named = data.get("customer")
            here = each.key is not None and partition_for(each.key, partitions) == partition
            if here and document.get("stamgastrecordedat") is not None and (not named or named.get("customer_id")):
                yield each.key, each.value


def is_ours(key: bytes | None, value: bytes) -> bool:
    """Whether a record carries the proof that it was appended again by us, worked out from `ID_KEY` alone."""
    told, _, proof = value.rpartition(b',"stamgastproof":"')
    extracted = hmac.digest(bytes(32), ID_KEY, "sha256")
    secret = hmac.digest(extracted, b"sources\x01", "sha256")
    name = key or b""
    expected = hmac.digest(secret, len(name).to_bytes(4, "big") + name + told + b"}", "sha256")
    return proof == base64.urlsafe_b64encode(expected).rstrip(b"=") + b'"}'


def judge_states(
    verdict: Verdict,
    events: Log,
    oracles: Mapping[int, PartitionOracle],
    live: dict[Key, Customer],
    apart: Collection[Key] = (),
) -> None:
    """Fold every partition in its order; every difference is wrong. Vouchers of those `apart` are judged elsewhere."""
    figures: dict[Key, Figures] = {}
    for partition, records in events.items():
        oracle = oracles[partition]
        for each in records:
            verdict.events += 1
            if is_event(each.value):
                oracle.apply(each.value)
        verdict.repeats += oracle.repeats
        figures |= oracle.customers
    figures = {key: value for key, value in figures.items() if key[1] != NOBODY}
    live = {key: value for key, value in live.items() if key[1] != NOBODY}
    verdict.customers = len(figures)
    elsewhere = tuple(f"{':'.join(key)}: voucher" for key in apart)
    verdict.wrong += [f"state: {each}" for each in differences(figures, live) if not each.startswith(elsewhere)]


def judge_purchases(verdict: Verdict, records: Iterable[tuple[bytes, bytes]], program: Mapping[str, Program],
                    live: dict[Key, Customer], *, cards: bool, confirmed: Collection[str] = ()) -> None:  # fmt: skip
    """Net every transaction from its deliveries alone, and compare what does not depend on their order."""
    expected = figures_from_purchases(records, program, confirmed)
    for key, figures in expected.items():
        state = live.get(key, Customer())
        wants: list[Any] = [figures.purchases, len(figures.days), figures.spend, figures.profit, figures.refunds]
        has: list[Any] = [state.purchases, state.visits, state.spend, state.profit, state.refunds]
        if cards:
            wants += [(id_, card.balance, len(card.completed)) for id_, card in sorted(figures.cards.items())]
            kept = {id_: (card.balance, card.completed) for id_, card in state.cards.items()}
            has += [(id_, *kept.get(id_, (0, 0))) for id_ in sorted(figures.cards)]
        if wants != has:
            verdict.wrong.append(f"purchases of {':'.join(key)}: {has}, should be {wants}")
    for key, state in live.items():
        if key not in expected and state.purchases:
            verdict.wrong.append(f"purchases of {':'.join(key)}: {state.purchases} from nowhere")


def judge_letters(verdict: Verdict, logs: Mapping[str, Log], letters: Log) -> None:
    """What nobody can apply is in the dead letters, and nothing else is."""
    wants = {
        f"{topic}-{partition}-{each.offset}"
        for topic, log in logs.items()
        for partition, records in log.items()
        for each in records
        if not is_event(each.value) or is_poison(each.value)
    }
    stored = [json.loads(each.value) for records in letters.values() for each in records]
    has = {f"{each['topic']}-{each['partition']}-{each['offset']}" for each in stored}
    verdict.letters = len(has)
    verdict.wrong += [f"{id_} is not among the dead letters" for id_ in sorted(wants - has)]
    verdict.wrong += [f"{id_} is among the dead letters without need" for id_ in sorted(has - wants)]


def is_poison(value: bytes) -> bool:
    """An event that reads well and cannot be applied."""
    event = json.loads(value)
    return event.get("customer") == NOBODY and event["type"] != "timer_due"


def is_event(value: bytes | None) -> bool:
    """Garbage is none."""
    try:
        event = json.loads(value or b"")
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("merchant") != 7

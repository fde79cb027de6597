"""The verdict: live state against an independent recomputation, and what people got against what rules promised."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis.asyncio

from rules.loader import load_bundle
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.program import Program
from stamgast.log.bundles import decode_bundle
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from tests.integration.proofs.feed import NOBODY
from tests.oracle import Figures, Oracle, SimpleRule, differences, figures_from_purchases
from tests.oracle_customers import Key, Wanted

Log = dict[int, list[Any]]
"""Partition -> its records."""

SENT = {"accepted", "sending", "sent", "delivered", "read", "failed", "undelivered"}


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
        found[bundle.hash] = load_bundle(bundle.files, bundle.merchant).program
    return found


async def live_customers(redis_url: str, partitions: int) -> dict[Key, Customer]:
    """Every customer's state as Redis holds it."""
    found: dict[Key, Customer] = {}
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        for number in range(partitions):
            prefix = f"{{c{number}}}:c:"
            async for name in client.scan_iter(match=prefix.replace("{", "\\{") + "*", count=1_000):
                merchant, _, customer = name.decode().removeprefix(prefix).rpartition(":")
                found[merchant, customer] = decode_customer(await client.get(name))
    return found


class PartitionOracle(Oracle):
    """One partition's oracle; the rules in force may change with a barrier, too."""

    def __init__(self, programs: Mapping[str, Program], rules: Mapping[str, tuple[SimpleRule, ...]]) -> None:
        super().__init__(programs)
        self._rules_by_hash = rules
        self._parked: list[bytes] = []
        self.repeats = 0

    def apply(self, value: bytes) -> None:
        event = json.loads(value)
        merchant = event["merchant"]
        if event["type"] == "barrier" and event["number"] > self._barriers.get(merchant, -1):
            self._rules[merchant] = self._rules_by_hash[event["hash"]]
            waiting, self._parked = self._parked, []
            for each in [value, *waiting]:
                super().apply(each)
        elif event["type"] != "barrier" and merchant not in self._in_force:
            self._parked.append(value)  # an event before the merchant's first programme waits for it
        else:
            super().apply(value)

    def _is_repeat(self, event: dict[str, Any]) -> bool:
        answer = super()._is_repeat(event)
        self.repeats += answer
        return answer


def canonical_purchases(log: Log, topic_id: str, partitions: int) -> Iterable[tuple[bytes, bytes]]:
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
                topic, number, offset, index = source
                if (offset, index) <= marks.get((topic, number), (-1, -1)):
                    continue
                marks[topic, number] = (offset, index)
            named = data.get("customer")
            here = each.key is not None and partition_for(each.key, partitions) == partition
            if here and document.get("stamgastrecordedat") is not None and (not named or named.get("customer_id")):
                yield each.key, each.value


def judge_states(
    verdict: Verdict, events: Log, oracles: Mapping[int, PartitionOracle], live: dict[Key, Customer]
) -> None:
    """Fold every partition in its order; every difference is wrong."""
    figures: dict[Key, Figures] = {}
    for partition, records in events.items():
        oracle = oracles[partition]
        for each in records:
            verdict.events += 1
            if is_readable(each.value):
                oracle.apply(each.value)
        verdict.repeats += oracle.repeats
        figures |= oracle.customers
    figures = {key: value for key, value in figures.items() if key[1] != NOBODY}
    live = {key: value for key, value in live.items() if key[1] != NOBODY}
    verdict.customers = len(figures)
    verdict.wrong += [f"state: {each}" for each in differences(figures, live)]


def judge_purchases(verdict: Verdict, records: Iterable[tuple[bytes, bytes]], program: Mapping[str, Program],
                    live: dict[Key, Customer], *, cards: bool) -> None:  # fmt: skip
    """Net every transaction from its deliveries alone, and compare what does not depend on their order."""
    expected = figures_from_purchases(records, program)
    for key, figures in expected.items():
        state = live.get(key, Customer())
        wants = [figures.purchases, len(figures.days), figures.spend, figures.profit, figures.refunds]
        has = [state.purchases, state.visits, state.spend, state.profit, state.refunds]
        if cards:
            wants += [(id_, card.balance, len(card.completed)) for id_, card in sorted(figures.cards.items())]
            kept = {id_: (card.balance, card.completed) for id_, card in state.cards.items()}
            has += [(id_, *kept.get(id_, (0, 0))) for id_ in sorted(figures.cards)]
        if wants != has:
            verdict.wrong.append(f"purchases of {':'.join(key)}: {has}, should be {wants}")
    for key, state in live.items():
        if key not in expected and state.purchases:
            verdict.wrong.append(f"purchases of {':'.join(key)}: {state.purchases} from nowhere")


def judge_messages(verdict: Verdict, wanted: Mapping[tuple[Key, str, str], Wanted], notes: Log,
                   posts: list[dict[str, Any]], stopped: frozenset[Key]) -> None:  # fmt: skip
    """Each message that was promised went out once or is shown as unproven; no other one went out."""
    accepted = Counter(activation_of(post) for post in posts if post["accepted"])
    verdict.wrong += [f"{id_} was accepted {count} times" for id_, count in accepted.items() if count > 1]
    status: dict[str, str] = {}
    decided: dict[tuple[Key, str, str], list[str]] = defaultdict(list)
    for each in (json.loads(r.value) for records in notes.values() for r in records):
        if each["kind"] == "decided":
            names = decided[(each["merchant"], each["customer"]), each["rule"], each["occasion"]]
            if each["activation"] not in names:
                names.append(each["activation"])
        elif each["kind"] == "outcome":
            status[each["activation"]] = f"{each['status']} {each.get('reason', '')}".strip()
    verdict.sent = sum(accepted.values())
    unknown = set(accepted) - {id_ for ids in decided.values() for id_ in ids}
    verdict.wrong += [f"{id_} was accepted, and nobody decided it" for id_ in unknown]
    for name, ids in decided.items():
        if name not in wanted and any(accepted[id_] for id_ in ids):
            verdict.wrong.append(f"{name} went out, and no rule asked for it")
    for name, want in wanted.items():
        _judge_one(verdict, name, want, [(accepted[i], status.get(i, "")) for i in decided[name]], name[0] in stopped)


def _judge_one(verdict: Verdict, name: tuple[Key, str, str], want: Wanted, found: list[tuple[int, str]],
               may_be_stopped: bool) -> None:  # fmt: skip
    sent = sum(count for count, _ in found)
    unproven = sum(1 for count, status in found if not count and status.startswith("in_doubt"))
    lies = [status for count, status in found if not count and status.split(" ")[0] in SENT]
    verdict.unproven += unproven
    if lies:
        verdict.wrong.append(f"{name} is said to be {lies}, and was never accepted")
    if want.taken_back or want.times > 1:
        verdict.undecided += 1
        if sent + unproven > 1:
            verdict.wrong.append(f"{name} was taken back and promised again, and went out {sent + unproven} times")
    elif want.verdict == "send":
        verdict.expected += 1
        suppressed = may_be_stopped and any("opted_out" in status for _, status in found)
        if sent + unproven != 1 and not suppressed:
            verdict.wrong.append(f"{name} went out {sent} times, unproven {unproven}: {found}")
    elif sent + unproven:
        verdict.wrong.append(f"{name} must not go out ({want.verdict}), and did: {found}")


def is_readable(value: bytes | None) -> bool:
    """Garbage and poison are no events."""
    try:
        event = json.loads(value or b"")
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("merchant") != 7 and event.get("customer") != NOBODY


def activation_of(post: Mapping[str, Any]) -> str:
    """The activation that a POST was for, from its callback's URL."""
    return parse_qs(urlsplit(post["status_callback"] or "").query).get("x", ["?"])[0]

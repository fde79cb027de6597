"""The whole judgement of a scene that has come to rest."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Collection, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from stamgast.bootstrap import open_redis
from stamgast.demo.stage import environment
from stamgast.domain.earned import report as report_of
from stamgast.domain.program import Program
from stamgast.state.counters import totals_of_merchant
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.guests import RULES
from tests.integration.proofs.judging import (
    PartitionOracle,
    Verdict,
    canonical_purchases,
    is_event,
    judge_letters,
    judge_purchases,
    judge_states,
    live_customers,
    programs_of,
    read_log,
)
from tests.integration.proofs.judging_messages import Excuses, judge_messages
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.scene import Scene
from tests.oracle_figures import part_of
from tests.oracle_report import Sale, Terms, differences, once, reckoned
from tests.oracle_report import Topics as Told
from tests.oracle_review import waits
from tests.oracle_sales import sale_of

REFUSALS = {400, 401, 403, 404, 422}


async def judged(
    scene: Scene,
    *,
    unproven: int | None = None,
    cards: bool = True,
    patience_s: float = 90,
    confirmed: Collection[str] = (),
    report: bool = False,
) -> Verdict:
    """Wait until all is settled, then compare everything; any difference fails.

    `unproven`: how many messages may be shown so at most. `cards`: whether they kept their size all the time, so
    that stamps can be told from the deliveries alone. `patience_s`: how long it may take to settle, and to verify.
    `confirmed`: transactions that a person has confirmed. `report`: compare what rules came to as well.
    """
    await scene.settled(patience_s)
    verdict = Verdict()
    logs = _judge_logs(scene, verdict, cards=cards, confirmed=confirmed)
    _, found = await asyncio.gather(logs, verified(scene, commands.LONG_S + patience_s))
    verdict.wrong += found
    if report:
        verdict.wrong += await _report_is_wrong(scene)
    refused = [each for each in await scene.callbacks() if each["answer"] in REFUSALS]
    verdict.wrong += [f"a callback was refused: {each}" for each in refused[:3]]
    figures = {name: value for name, value in vars(verdict).items() if name != "wrong"}
    figures |= {"kills": scene.fleet.kills, "pauses": scene.fleet.pauses, "wrong": len(verdict.wrong)}
    print("PROOF", json.dumps(figures))
    assert verdict.wrong == [], "\n".join(verdict.wrong[:30])
    assert unproven is None or verdict.unproven <= unproven, verdict
    return verdict


async def _judge_logs(scene: Scene, verdict: Verdict, *, cards: bool, confirmed: Collection[str]) -> None:
    bootstrap, topics, count = scene.settings.kafka_bootstrap, scene.topics, scene.topics.partitions
    programs = await programs_of(bootstrap, topics)
    oracles = {n: PartitionOracle(programs, scene.rules) for n in range(count)}
    live = await live_customers(scene.settings.redis_url, count)
    deliveries = await read_log(bootstrap, topics.purchases, count)
    events = await read_log(bootstrap, topics.customer_events, count)
    verdict.deliveries = sum(map(len, deliveries.values()))
    guests = scene.guests
    judge_states(verdict, events, oracles, live, apart=guests.keys if guests else ())
    newest = {MERCHANT: list(programs.values())[-1]}
    judge_purchases(verdict, canonical_purchases(deliveries, count), newest, live, cards=cards, confirmed=confirmed)
    letters = await read_log(bootstrap, topics.dead_letters, 1)
    judge_letters(verdict, {topics.customer_events: events, topics.purchases: deliveries}, letters)
    wanted = {name: want for oracle in oracles.values() for name, want in oracle.wanted.items()}
    if guests is not None:
        verdict.guests, wanted = len(guests.all), wanted | guests.wanted
        verdict.wrong += guests.wrong(live, await _photos_of(scene))
    notes = await read_log(bootstrap, topics.activations, count)
    in_force, *before = [{rule.id for rule in rules} for rules in reversed(scene.rules.values())]
    excuses = Excuses(frozenset(scene.stopped), frozenset(set().union(*before) - in_force), frozenset(scene.strangers))
    judge_messages(verdict, wanted, notes, await scene.posts(), excuses)


async def _report_is_wrong(scene: Scene) -> list[str]:
    """Where what the owners have summed of rules departs from what the topics say."""
    bootstrap, topics, count = scene.settings.kafka_bootstrap, scene.topics, scene.topics.partitions
    newest = list((await programs_of(bootstrap, topics)).values())[-1]
    told = []
    for topic in (topics.facts, topics.activations, topics.customer_events):
        log = await read_log(bootstrap, topic, count)
        of_each = [[each.value for each in records if is_event(each.value)] for records in log.values()]
        taken = map(_in_recorded_time, of_each) if topic == topics.customer_events else of_each
        told.append(once(value for values in taken for value in values))
    terms = Terms(0, worth=lambda _, purchase: _worth(purchase, newest))
    async with aclosing(open_redis(scene.settings)) as client:
        totals = await totals_of_merchant(client, count, MERCHANT)
    own = set(RULES) if scene.guests else set()
    found = report_of(totals, newest, own | {rule.id for rules in scene.rules.values() for rule in rules})
    wanted = reckoned(Told(*told), terms)
    assert sum(figures["sent"] for figures in wanted.values()) > 0, "nothing went out, so nothing was compared"
    # Guests write in the very millisecond in which a message of a rule arrives: which came first only the log's order
    # says. And they get more messages than the four that a purchase which comes late is attributed among (ADR 108).
    apart = (": replied is ", ": attributed is ") if scene.guests else ()
    return [each for each in differences(wanted, found["rules"]) if not any(words in each for words in apart)]


def _in_recorded_time(values: Sequence[bytes]) -> Iterator[bytes]:
    """A partition's events as their readers take them: recorded time never goes back in it.

    Facts and notes have the time of the step that told them; between those stand claims, which are told at once.
    """
    time = 0
    for value in values:
        line = json.loads(value)
        time = max(time, line["at"])
        yield value if line["at"] == time else json.dumps(line | {"at": time}).encode()


def _worth(purchase: dict[str, Any], program: Program) -> Sale:
    sale = sale_of(purchase)
    if sale is None or waits(sale, program):
        return Sale(purchase["occurred_at"], 0, 0, 0)
    part = part_of(sale, program)
    return Sale(sale.occurred_at, int(part.counts), part.spend, part.profit)


async def _photos_of(scene: Scene) -> dict[str, list[str]]:
    """Customer -> what became of each picture of theirs, once nothing is on its way any more."""

    async def there() -> dict[str, list[str]]:
        done = await _asked(scene, "inbox", "list", MERCHANT, patience_s=commands.LONG_S)
        found: dict[str, list[str]] = {}
        for each in json.loads(done.stdout)["messages"]:
            found.setdefault(each["customer"], []).extend(photo["came"] for photo in each["photos"])
        assert all(each is not None for photos in found.values() for each in photos), "pictures are on their way"
        return found

    return await eventually(there, seconds=60, every=0.5, why="all pictures have come")


async def _asked(scene: Scene, *words: str, patience_s: float) -> subprocess.CompletedProcess[str]:
    """What a command of ours answers."""
    return await commands.asked(*words, "--json", env=environment(scene.settings), seconds=patience_s)


async def verified(scene: Scene, patience_s: float = commands.LONG_S) -> list[str]:
    """What `stamgast verify` finds wrong."""
    done = await _asked(scene, "verify", patience_s=patience_s)
    answer: Any = json.loads(done.stdout) if done.stdout else {"equal": False, "differences": []}
    if done.returncode == 0 and answer["equal"]:
        return []
    return [f"verify: {each}" for each in answer["differences"] or [done.stderr[-2_000:]]]

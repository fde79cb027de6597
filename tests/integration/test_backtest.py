"""A backtest over a real log: what the engine itself brought about is left out, and what people did counts once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from stamgast.domain.campaign_events import AudienceFixed, AudienceListed
from stamgast.domain.events import (
    ActivationOutcome,
    AnyEvent,
    ConsentChanged,
    Enrolled,
    Line,
    OptedOut,
    Purchase,
    PurchaseChanged,
    TimerDue,
    encode_event,
    key_of,
)
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.local.brokers import Broker
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitter
from stamgast.log.topics import Topics
from tests.integration import commands

MERCHANT = "bakker"
BEGIN: Millis = 1_788_249_600_000
"""1 September 2026, 08:00 UTC."""
CUSTOMERS = 60
PROGRAM = """\
merchant: bakker
name: Bakker
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {dok: {}}
templates: {hello: {purpose: marketing}}
audiences: {invited: {file: invited.csv}}
messaging: {sms_sender: "+31970102345"}
"""
RULE = """\
rule: third
description: The third visit.
status: draft
when: {visits_reached: 3}
then: [{send: hello, by: [sms]}]
"""
PARTY = """\
rule: party
description: For those on a list.
status: draft
when: {on: {at: 2026-09-10 10:00, audience: invited}}
then: [{send: hello, by: [sms]}]
"""


def config(folder: Path, rule: str = RULE) -> Path:
    merchant = folder / "merchants" / MERCHANT
    for name, text in (
        ("program.yaml", PROGRAM),
        ("rules/third.yaml", rule),
        ("rules/party.yaml", PARTY),
        ("templates/nl/hello.j2", "Dag! Stop? Antwoord STOP."),
    ):
        (merchant / name).parent.mkdir(parents=True, exist_ok=True)
        (merchant / name).write_text(text)
    return folder


def happened(begin: Millis = BEGIN) -> Iterator[AnyEvent]:
    """Every customer comes on three days; a third never agreed, one said STOP, and ten were imported later."""
    for number in range(CUSTOMERS):
        about: dict[str, Any] = {"merchant": MERCHANT, "customer": f"c{number:024}"}
        yield Enrolled(**about, at=begin, language="nl")
        if number % 3:
            yield ConsentChanged(**about, at=begin, purpose="marketing", channel="sms", granted=True)
        for visit in range(3):
            at = begin + visit * DAY + HOUR
            told = at + 20 * DAY if number >= CUSTOMERS - 10 else at
            sold = Purchase(occurred_at=at, store="dok", currency="EUR", spend=500, lines=(Line("1", 500),))
            yield PurchaseChanged(**about, at=told, transaction=f"{number}-{visit}", after=sold, happened_at=at)
        yield TimerDue(**about, at=begin + 3 * DAY, due=begin + 3 * DAY)
        yield ActivationOutcome(
            **about, at=begin + 3 * DAY, activation="a" * 32, status="delivered", rank=30, channel="sms"
        )
    yield OptedOut(merchant=MERCHANT, customer=f"c{1:024}", at=begin + DAY + 2 * HOUR)


async def write(kafka: Broker, topics: Topics, begin: Millis = BEGIN) -> None:
    """The events in the order of their records, each twice where it has a source, with rubbish and others between."""
    emitter = await Emitter.open(kafka.bootstrap)
    for offset, event in enumerate(sorted(happened(begin), key=lambda event: event.at)):
        key = key_of(event.merchant, event.customer)
        repeats = 1
        if isinstance(event, PurchaseChanged):
            event, repeats = msgspec.structs.replace(event, source=("purchases", 0, offset, 0)), 2  # noqa: PLW2901
        record = (key, encode_event(event))
        await emitter.emit(topics.customer_events, partition_for(key, topics.partitions), [record] * repeats)
    for partition in range(topics.partitions):
        rubbish = [(b"bakker:x", b"{"), (b"bakkerij:c", encode_event(next(happened()))), (b"bakker:y", None)]
        await emitter.emit(topics.customer_events, partition, rubbish)
        fixed = [(key_of(MERCHANT, ""), encode_event(event)) for event in invited(topics, partition)]
        await emitter.emit(topics.customer_events, partition, fixed)
    await emitter.close()


def invited(topics: Topics, partition: int) -> Iterator[AnyEvent]:
    """The first twelve and one of whom nothing was heard, and before that a list of everybody; each in its partition."""
    for at, many in ((BEGIN, CUSTOMERS), (BEGIN + DAY, 12)):
        about: dict[str, Any] = {"merchant": MERCHANT, "customer": "", "at": at, "rule": "party", "occasion": at}
        names = [f"c{number:024}" for number in (*range(many), CUSTOMERS + 1)]
        here = [each for each in names if partition_for(key_of(MERCHANT, each), topics.partitions) == partition]
        for name in here:
            yield AudienceListed(**about, customers=(name,))
        yield AudienceFixed(**about, audience="invited", size=len(names))


def around(kafka: Broker, topics: Topics, folder: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")},
        "STAMGAST_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "STAMGAST_PARTITIONS": str(topics.partitions),
        "STAMGAST_TOPIC_PREFIX": topics.prefix,
        "STAMGAST_CONFIG_DIR": str(config(folder / "config")),
        "STAMGAST_ID_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }


def test_a_past_by_an_invented_clock_is_not_held_to_the_time_of_the_broker(
    kafka: Broker, topics: Topics, tmp_path: Path
):
    ahead = 10 * 365 * DAY
    asyncio.run(write(kafka, topics, BEGIN + ahead))
    environment = around(kafka, topics, tmp_path) | {
        "STAMGAST_CLOCK": "2036-10-01T08:00:00Z,1x",
        "STAMGAST_CLOCK_FILE": str(tmp_path / "clock"),
    }
    days = ("--from", "2036-08-20", "--to", "2036-09-30")
    answered = commands.done("rules", "backtest", "third", *days, "--json", env=environment, folder=tmp_path)
    assert answered.returncode == 0, answered.stderr
    found = json.loads(answered.stdout)
    assert found["purchases"] == 3 * CUSTOMERS
    assert found["rules"]["third"]["fired"] == CUSTOMERS


def test_a_log_says_what_its_rules_would_have_done(kafka: Broker, topics: Topics, tmp_path: Path):
    asyncio.run(write(kafka, topics))
    environment = around(kafka, topics, tmp_path)

    def stamgast(*words: str) -> subprocess.CompletedProcess[str]:
        return commands.done(*words, env=environment, folder=tmp_path)

    days = ("--from", "2026-09-01", "--to", "2026-09-30")
    answered = stamgast("rules", "backtest", "third", *days, "--json")
    assert answered.returncode == 0, answered.stderr
    found = json.loads(answered.stdout)
    third = found["rules"]["third"]
    assert (found["customers"], found["purchases"]) == (CUSTOMERS, 3 * CUSTOMERS)
    assert third["fired"] == CUSTOMERS
    assert third["withheld"] == {"no_consent": 20, "opted_out": 1}
    assert third["would_send"] == CUSTOMERS - 21

    answered = stamgast("rules", "backtest", "party", *days, "--json")
    assert answered.returncode == 0, answered.stderr
    party = json.loads(answered.stdout)["rules"]["party"]
    assert party["would_send"] == 12 - 4 - 1, "four of the twelve on it never agreed, and one said STOP"
    assert party["not_known"] == ["it is for the list invited: 12 of the 13 on it are in this past"]
    refused = stamgast("rules", "backtest", "party", *days, "--audience", "program.yaml")
    assert "no such file" in refused.stderr

    refused = stamgast("rules", "backtest", "--against", "live", *days)
    assert refused.returncode == 1
    assert "bakker has published nothing yet, so there is nothing to compare with" in refused.stderr

    config(tmp_path / "config", RULE.replace("draft", "live").replace(": 3", ": 2"))
    assert stamgast("publish").returncode == 0
    config(tmp_path / "config")
    compared = stamgast("rules", "backtest", "third", "--against", "live", *days, "--json")
    difference = json.loads(compared.stdout)["difference"]
    # who said STOP had come twice before; the others get the same number of messages on another day
    assert difference["rules"]["third"] == {"would_send": -1, "sms_parts": -1}

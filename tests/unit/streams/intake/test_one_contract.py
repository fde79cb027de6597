"""What HTTP refuses the topic refuses, for the same reason: the same bad purchases come in by both ways."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from stamgast.identity.joining import Resolved
from stamgast.pos.problems import RefusedError, UnreadableError
from stamgast.pos.reading import read_purchase, read_purchases
from stamgast.state import keys
from streams.intake.identity import Naming
from streams.intake.job import IntakeJob
from streams.metrics import Metrics
from streams.runtime.position import Position
from tests.builders import ANNA, MERCHANT, T0, line, program, refund, snapshot
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.people import lately
from tests.foreign_records import PROOFS, produced
from tests.steps import TOPICS, aside

SALE = snapshot(lines=[line("1", 700)])
BACK = refund(lines=[("1", "1", 350)])
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a word for a currency": (SALE | {"price_currency": "euro"}, "/price_currency", "did you mean EUR?"),
    "a currency that there is not": (SALE | {"price_currency": "ZZZ"}, "/price_currency", "may not be this"),
    "no currency": (SALE | {"price_currency": ""}, "/price_currency", "may not be this"),
    "a refund in one": (BACK | {"price_currency": "eur"}, "/price_currency", "did you mean EUR?"),
    "no store": ({name: value for name, value in SALE.items() if name != "store"}, "/store", "store is missing"),
    "a store without a name": (SALE | {"store": {"retail_store_id": ""}}, "/store/retail_store_id", "is empty"),
    "a zone that there is not": (
        SALE | {"store": {"retail_store_id": "shop", "time_zone": "Europe/Gent"}}, "/store/time_zone", "IANA time zone",
    ),
    "a field that there is not": (SALE | {"custmer": {"x": 1}}, "/custmer", "did you mean customer?"),
    "such a one in a line": (snapshot(lines=[line("1", 7, colour="brown")]), "/line_items/0", "not a field here"),
    "two lines of one id": (snapshot(lines=[line("1", 7), line("2", 8), line("1", 9)]), "", "the same line_id"),
    "a refund of a line without its id": (BACK | {"line_items": [{"gross_minor": 7}]}, "/line_items/0", "is missing"),
    "a negative refund": (BACK | {"totals": {"gross_minor": -7}}, "/totals/gross_minor", "out of range"),
    "a customer who is nobody": (SALE | {"customer": {"confidence": "verified"}}, "/customer", "names nobody"),
    "an amount as text": (SALE | {"totals": {"gross_minor": 7, "tip_minor": "1"}}, "/totals/tip_minor", "is a text"),
    "a day that is not on the calendar": (SALE | {"business_day_date": "2026-02-30"}, "/business_day_date", "a date"),
    "a kind of line that there is not": (snapshot(lines=[line("1", 7, kind="gift")]), "/line_items/0/kind", "may not"),
}  # fmt: skip


class Nobody:
    """Whoever is asked about is new, which must not be found out of what is refused."""

    asked = 0

    async def resolve_many(self, merchant: str, references: Any, at: int, last_heard: Any) -> list[Resolved]:
        self.asked += 1
        return [Resolved(ANNA) for _ in references]

    async def unknown(self, merchant: str, customers: Any) -> frozenset[str]:
        return frozenset(customers) - {ANNA}

    def unseal(self, merchant: str, sealed: str) -> Any:
        raise AssertionError


async def appended(
    data: dict[str, Any], change: Callable[[bytes], bytes] = bytes, **attributes: Any
) -> tuple[list[str], int, int]:
    """Reasons of dead letters, records appended again, and how often somebody was looked for."""
    people: Any = Nobody()

    async def shop(merchant: str) -> Any:
        return program() if merchant == MERCHANT else None

    job = IntakeJob(
        topics=TOPICS, naming=Naming(people, shop, lately), proofs=PROOFS, proving=people, aside=aside(),
        clock=StillClock(T0), metrics=Metrics(),
    )  # fmt: skip
    owned = OwnedByTest(MemoryLease(keys.transactions(0)), Position())
    found = produced(data, stamgastrecordedat=None, **attributes)
    found.value = change(found.value)
    effects = await job.step(owned, [found])
    letters = [each.value for each in effects.emissions if each.topic == TOPICS.dead_letters]
    again = [each for each in effects.emissions if each.topic == TOPICS.purchases]
    return [json.loads(letter)["reason"] for letter in letters], len(again), people.asked


@pytest.mark.parametrize("what", BAD)
async def test_the_same_bad_purchase_is_refused_by_both_for_the_same_reason(what: str):
    data, place, why = BAD[what]
    with pytest.raises(RefusedError) as refused:
        read_purchase(data)
    assert [problem["pointer"] for problem in refused.value.problems][:1] == [place] or place == "/line_items/0"
    (reason,), again, asked = await appended(data)
    assert (again, asked) == (0, 0)
    assert f"/data{place}" in reason
    assert why in reason


@pytest.mark.parametrize("data", [SALE, BACK, SALE | {"customer": {"membership_number": "M1"}}])
async def test_what_http_takes_the_topic_takes(data: dict[str, Any]):
    assert read_purchase(data).place == ""
    assert (await appended(data))[:2] == ([], 1)


@pytest.mark.parametrize("attributes", [{"id": ""}, {"subject": "another"}, {"Some-Thing": "1"}, {"source": 7}])
async def test_an_envelope_that_http_refuses_is_refused(attributes: dict[str, Any]):
    (reason,), again, _ = await appended(SALE, **attributes)
    assert (again, reason.startswith("/")) == (0, True)


async def test_a_key_that_comes_twice_is_refused_and_so_is_what_is_no_cloud_event():
    def twice(value: bytes) -> bytes:
        return value.replace(b'"source_version": 1', b'"source_version": 1, "source_version": 2')

    with pytest.raises(UnreadableError, match="comes twice"):
        read_purchases(twice(json.dumps(SALE).encode()))
    (reason,), again, _ = await appended(SALE, twice)
    assert (again, reason) == (0, ": the key this comes twice in one object; send each once")
    (reason,), again, _ = await appended(SALE, lambda value: value.replace(b'"specversion": "1.0", ', b""))
    assert (again, "specversion is missing" in reason) == (0, True)


async def test_a_reason_holds_no_value_and_is_of_a_readable_length():
    names = [line(str(number), 7, kind="Noor de Vries 0612345678") for number in range(40)]
    ((reason,), _, _) = await appended(snapshot(lines=names) | {"status": "completed"})
    assert ("Noor" in reason, "0612345678" in reason, len(reason) < 900) == (False, False, True)
    assert reason.endswith("; and 37 more")


async def test_a_name_in_the_place_of_a_fields_name_is_not_told():
    (reason,), _, _ = await appended(SALE | {"customer": {"Noor de Vries": "0612345678"}})
    assert "Noor" not in reason
    assert reason.startswith("/data/customer: a name is not a field here (customer_id, phone")

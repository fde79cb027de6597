"""What does not go with what is known of a transaction is told: to the till that sent it, and by the worker."""

import itertools
import json
from typing import Any

from stamgast.domain.purchase_record import decode_record, millis_of
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import DAY, HOUR
from stamgast.log.partitioning import partition_for
from stamgast.pos.doubt import Doubt
from stamgast.pos.known import doubts_about_known
from stamgast.pos.warnings import Seen
from stamgast.state import keys
from streams.intake.identity import Naming
from streams.intake.job import IntakeJob
from streams.metrics import Metrics
from streams.runtime.position import Position
from tests.builders import MERCHANT, T0, line, program, record, refund, snapshot
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.foreign_records import PROOFS
from tests.steps import TOPICS, aside, records_of

SALE = snapshot(lines=[line("1", 700, "2"), line("2", 300)])


def seen(*deliveries: dict[str, Any]) -> list[Seen]:
    found = [decode_record(record(data, T0)[1]).data for data in deliveries]
    return [Seen(f"/{n}", millis_of(each.end_date_time), each) for n, each in enumerate(found)]


def told(*deliveries: dict[str, Any], known: tuple[dict[str, Any], ...] = ()) -> list[Doubt]:
    """Of deliveries in one request, beside those that were merged before."""
    transaction = Transaction()
    for each in seen(*known):
        merge(transaction, each.delivery, T0)
    return doubts_about_known(seen(*deliveries), {"t1": transaction} if known else {}, T0)


def kinds(*deliveries: dict[str, Any], known: tuple[dict[str, Any], ...] = ()) -> list[tuple[str, str]]:
    return [(doubt.kind, doubt.pointer) for doubt in told(*deliveries, known=known)]


def test_what_goes_with_what_is_known_is_not_told():
    edited = snapshot(version=2, when=T0 + HOUR, lines=[line("1", 700)])
    assert told(SALE, SALE, refund(gross=350, lines=[("1", "1", 350)]), edited) == []
    assert told(refund(gross=1_000), SALE, SALE) == []
    assert told(SALE, snapshot("t2", store="bar")) == []
    assert told(edited, edited, known=(SALE, edited, snapshot(version=3, lines=[]))) == []


def test_more_than_was_paid_is_told_with_what_counts():
    (once,) = told(refund(gross=1_500), known=(SALE,))
    assert (once.kind, once.pointer) == ("over_refund", "/0/totals/gross_minor")
    assert once.detail.startswith("15.00 EUR were given back of a sale of 10.00 EUR")
    thrice = [refund(id_=name, gross=600) for name in ("r1", "r2", "r3")]
    (found,) = told(SALE, *thrice)
    assert (found.pointer, found.purchases) == ("/2/totals/gross_minor", 2)
    assert kinds(SALE, known=tuple(thrice)) == [("over_refund", "/0/totals/gross_minor")], "the sale came last"
    assert kinds(refund(gross=1_500), known=(SALE, refund(gross=1_500))) == [], "a repeat is not told again"


def test_a_refund_of_a_line_that_there_is_not_is_told_with_the_nearest():
    sale = snapshot(lines=[line("line-1", 700), line("line-2", 300)])
    (found,) = told(refund(gross=1, lines=[("line-1", "1", 1), ("lin-2", "1", 1)]), known=(sale,))
    assert (found.pointer, found.allowed, found.nearest) == (
        "/0/line_items/1/original_line_id", "line-1, line-2", "line-2",
    )  # fmt: skip
    assert kinds(refund(gross=1, lines=[("line-3", "1", 1)])) == [], "its sale is not known yet"


def test_one_version_with_two_contents_is_told_whichever_counts():
    other = SALE | {"totals": {"gross_minor": 900}}
    words = {told(second, known=(first,))[0].detail[-25:] for first, second in itertools.permutations([SALE, other])}
    assert words == {"her content: this one counts"[-25:], "he one that came before counts"[-25:]}
    assert kinds(refund(gross=2), known=(SALE, refund(gross=1))) == [("told_twice", "/0/source_version")]


def test_a_number_that_comes_again_from_elsewhere_or_another_day_is_told():
    january = snapshot(version=2, when=T0 - 3 * DAY, lines=[line("1", 400)])
    assert kinds(january, known=(SALE,)) == [("another_sale", "/0/end_date_time")]
    (found,) = told(snapshot(version=2, store="bar", lines=[line("1", 400)]), known=(SALE,))
    assert (found.kind, found.pointer) == ("another_sale", "/0/store/retail_store_id")
    assert "in store 'shop', and now in 'bar'" in found.detail
    assert kinds(snapshot(version=2, when=T0 + 23 * HOUR, lines=[line("1", 400)]), known=(SALE,)) == []


async def test_the_worker_counts_what_every_delivery_says_and_a_repeat_of_it_nothing():
    async def shop(merchant: str) -> Any:
        return program() if merchant == MERCHANT else None

    nobody: Any = None
    metrics = Metrics()
    job = IntakeJob(
        topics=TOPICS, naming=Naming(nobody, shop, nobody), proofs=PROOFS, proving=nobody, aside=aside(),
        clock=StillClock(T0), metrics=metrics,
    )  # fmt: skip
    over = refund(gross=1_500, lines=[("9", "1", 1_500)])
    chunk = records_of(*(record(data, T0) for data in (SALE, over, over, SALE | {"status": "voided"})))
    partition = partition_for(chunk[0].key or b"", TOPICS.partitions)
    owned = OwnedByTest(MemoryLease(keys.transactions(partition)), Position())
    await job.step(owned, chunk)
    counted = [
        metrics.registry.get_sample_value(f"stamgast_{name}_total", {"merchant": MERCHANT}) or 0
        for name in ("over_refunds", "refunds_of_unknown_lines", "versions_told_twice", "receipt_numbers_again")
    ]
    assert counted == [1, 1, 1, 0]
    owned.committed_to_kafka = len(chunk)
    await job.step(owned, chunk)
    assert metrics.registry.get_sample_value("stamgast_over_refunds_total", {"merchant": MERCHANT}) == 1
    assert json.loads(chunk[0].value or b"")["data"] == SALE

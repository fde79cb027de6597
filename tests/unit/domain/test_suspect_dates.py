"""A till whose clock died says 1970, or 2000, or next year: the sale counts, once, from when it was first recorded."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.calendar import business_day
from stamgast.domain.net_purchase import net
from stamgast.domain.purchase_record import REACH
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction, decode_transaction, encode_transaction
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.log.partitioning import partition_for
from streams.intake.canonical import canonical, document_of, read_record
from tests.builders import ANNA, MERCHANT, T0, at, bundle, card, hello_rule, line, program, record, refund, snapshot
from tests.fakes.in_memory import InMemoryIntake, Owner
from tests.foreign_records import PROOFS, produced, read
from tests.oracle_sales import net_sales

KEY = f"{MERCHANT}:t1".encode()
DEAD_CLOCKS = ["1970-01-01T00:00:12Z", "1980-01-04T11:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+02:00"]
AHEAD = "2031-01-01T00:00:00Z"
SALE = snapshot(lines=[line("1", 700)])


def told(date: str = DEAD_CLOCKS[0], version: int = 1, **more: Any) -> dict[str, Any]:
    """A sale with this date, as a shop's own producer may write it."""
    return snapshot(version=version, lines=[line("1", 700)], **more) | {"end_date_time": date}


def counted_at(*records: tuple[dict[str, Any], Millis]) -> Millis:
    """When the transaction counts, after these deliveries at these recorded times."""
    intake = InMemoryIntake()
    for data, recorded in records:
        intake.take(*record(data, recorded))
    sale = net(decode_transaction(intake.transactions[KEY]))
    assert sale is not None
    return sale.occurred_at


@pytest.mark.parametrize("date", [*DEAD_CLOCKS, AHEAD, "9999-12-31T23:59:59Z"])
def test_a_sale_whose_date_cannot_be_right_counts_when_it_was_recorded(date):
    assert counted_at((told(date), T0)) == T0


def test_an_old_sale_that_a_shop_may_well_have_made_keeps_its_date():
    assert counted_at((told("1997-01-02T10:00:00Z"), T0)) == at("1997-01-02 10:00")


def test_a_dead_clock_spoils_neither_the_first_visit_nor_the_rhythm():
    def customer_after(date: str) -> Any:
        intake, owner = InMemoryIntake(), Owner(bundle(program(card())))
        for number in range(3):
            moment = T0 + number * 7 * DAY
            data = snapshot(f"t{number}", when=moment, lines=[line("1", 350)])
            if number == 1:
                data["end_date_time"] = date
            for event in intake.take(*record(data, moment)):
                owner.apply(event)
        return owner.state()

    right = customer_after("2026-10-08T08:00:00Z")
    assert right.first_day == business_day(T0, "Europe/Amsterdam")
    for date in (*DEAD_CLOCKS, AHEAD):
        assert customer_after(date) == right


def test_a_sale_of_a_dead_clock_is_news_and_is_answered():
    owner = Owner(bundle(program(), hello_rule()))
    (event,) = InMemoryIntake().take(*record(told(), T0))
    assert event.happened_at == T0
    assert owner.apply(event).notes[0].reason != "late"


@pytest.mark.parametrize("date", [*DEAD_CLOCKS, AHEAD])
def test_told_again_later_it_changes_nothing(date):
    intake = InMemoryIntake()
    (event,) = intake.take(*record(told(date), T0))
    before = dict(intake.transactions)
    assert event.after is not None
    for later in (MINUTE, HOUR, 3 * DAY):
        assert intake.take(*record(told(date), T0 + later)) == []
    assert intake.transactions == before


def test_an_edit_and_a_refund_on_another_day_leave_the_visit_on_its_day_and_are_no_news_of_a_visit():
    intake = InMemoryIntake()
    intake.take(*record(told(), T0))
    (edited,) = intake.take(*record(told(version=2, status="partially_refunded", gross=350), T0 + 3 * DAY))
    (refunded,) = intake.take(*record(refund(gross=100, when=T0 + 4 * DAY), T0 + 4 * DAY))
    assert [event.after and event.after.occurred_at for event in (edited, refunded)] == [T0, T0]
    assert (edited.happened_at, refunded.happened_at) == (T0, T0 + 4 * DAY)


def test_a_refund_with_a_date_that_cannot_be_right_took_place_when_it_was_recorded():
    intake = InMemoryIntake()
    intake.take(*record(SALE, T0))
    (event,) = intake.take(*record(refund(gross=100) | {"end_date_time": DEAD_CLOCKS[0]}, T0 + DAY))
    assert (event.happened_at, event.after and event.after.spend) == (T0 + DAY, 600)


def test_once_the_till_tells_the_right_date_it_counts():
    right = "2026-10-01T06:30:00Z"
    for order in ([told(), told(right, 2)], [told(right, 2), told()]):
        assert counted_at(*((data, T0 + n * HOUR) for n, data in enumerate(order))) == at("2026-10-01 06:30")


deliveries = st.lists(
    st.tuples(
        st.sampled_from((*DEAD_CLOCKS[:3], AHEAD, "2026-09-30T10:00:00Z", "1997-01-02T10:00:00Z")),
        st.integers(1, 3),
        st.integers(0, 3 * 24).map(lambda hours: T0 + hours * HOUR),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@given(st.data(), deliveries)
def test_the_order_of_deliveries_and_their_repeats_decide_nothing(data, found):
    records = [
        record(told(date, version) | ({"time_suspect": True} if suspect else {}), recorded)
        for date, version, recorded, suspect in found
    ]
    again = data.draw(st.lists(st.sampled_from(records), max_size=4))
    shuffled = data.draw(st.permutations([*records, *again]))
    expected = net_sales(records)[MERCHANT, "t1"].occurred_at
    for log in (records, shuffled):
        intake = InMemoryIntake()
        for key, value in log:
            intake.take(key, value)
        sale = net(decode_transaction(intake.transactions[KEY]))
        assert sale is not None
        assert sale.occurred_at == expected


def test_what_was_remembered_before_there_were_such_dates_is_still_read():
    transaction = Transaction()
    delivery = read(produced(SALE)).purchase.data
    merge(transaction, delivery, T0)
    assert decode_transaction(encode_transaction(transaction)) == transaction
    stored = msgspec.msgpack.encode(transaction)  # with every field, as it was until what is usual was left out
    assert (
        stored[0] == 0x9B
    )  # a list of eleven; before such dates there were seven, before claims eight, before mergers nine, before payments ten
    for fields, behind in ((0x97, 4), (0x98, 3), (0x99, 2), (0x9A, 1)):
        before = decode_transaction(bytes([fields]) + stored[1:-behind])
        assert before == transaction
        assert not merge(before, delivery, T0 + DAY)


# What the owner of a partition finds on the public topic, where the programme says how old a sale may be.


def taken_over(date: str, **more: Any) -> Any:
    """The sale as a producer's record of it is appended again."""
    found = read(produced(SALE | {"end_date_time": date}, stamgastrecordedat=None))
    (again,) = canonical(
        found, document_of(found), None, ("t", 0, 0, 0), PROOFS, topic="p", partitions=4, now=T0, **more
    )
    assert again.partition == partition_for(again.key, 4)
    second = type(found.record)(offset=1, timestamp=T0, key=again.key, value=again.value)
    return read_record(second, is_here=True, proofs=PROOFS).purchase.data


def test_without_a_word_in_the_programme_a_sale_lies_at_most_twenty_years_back():
    assert taken_over("2000-01-01T00:03:00Z", program=program()).time_suspect
    assert not taken_over("2006-10-02T00:00:00Z", program=program()).time_suspect
    assert REACH == 7305 * DAY


@pytest.mark.parametrize(("date", "believed"), [("2014-12-31T22:59:00Z", False), ("2014-12-31T23:00:00Z", True)])
def test_a_programme_says_since_when_it_counts_and_what_was_found_stands_in_the_record(date, believed):
    since = program(not_before=at("2014-12-31 23:00"))
    found = taken_over(date, program=since)
    assert found.time_suspect is not believed
    assert counted_at(({**SALE, "end_date_time": found.end_date_time.isoformat()}, T0)) == (
        at(date[:16].replace("T", " ")) if believed else T0
    )


def test_a_programme_may_look_back_further_than_twenty_years():
    found = taken_over("1997-01-02T10:00:00Z", program=program(not_before=at("1997-01-01 00:00")))
    assert not found.time_suspect


def test_an_anonymous_sale_of_a_dead_clock_is_kept_for_whoever_claims_it():
    intake = InMemoryIntake()
    assert intake.take(*record(told(customer=None), T0)) == []
    (event,) = intake.take(*record(told(version=2), T0 + DAY))
    assert (event.customer, event.after and event.after.occurred_at) == (ANNA, T0)

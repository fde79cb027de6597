"""What a shop's own producer may write to `purchases.v1`: taken over once, or laid aside; never again and again."""

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from stamgast.domain.events import decode_event
from stamgast.domain.units import MINUTE
from stamgast.identity.ids import Identifier
from stamgast.log.partitioning import partition_for
from streams.canonical import UnreadableError, canonical, read_record
from tests.builders import ANNA, MERCHANT, T0, line, record, snapshot

PARTITIONS = 4
SALE = snapshot(lines=[line("1", 700)])


class Register:
    """Knows everybody as Anna."""

    async def resolve_many(self, merchant: str, references: Any, at: int) -> list[str]:
        assert all(isinstance(each, Identifier) for reference in references for each in reference)
        return [ANNA for _ in references]


def produced(data: dict[str, Any], *, key: bytes | None = None, **attributes: Any) -> Any:
    """A record as a foreign producer writes it."""
    own_key, value = record(data, T0)
    document = json.loads(value) | attributes
    return SimpleNamespace(offset=0, timestamp=T0, key=key or own_key, value=json.dumps(document).encode())


def read(found: Any) -> Any:
    return read_record(found, partition_for(found.key, PARTITIONS), PARTITIONS)


async def appended_again(found: Any) -> Any:
    """What becomes of a record that is not canonical, read as its new owner reads it."""
    first = read(found)
    assert first.wanting
    again = await canonical(first, ("t", 0, 0, 0), Register(), topic="p", partitions=PARTITIONS, now=T0)
    return read_record(
        SimpleNamespace(offset=1, timestamp=T0, key=again.key, value=again.value), again.partition, PARTITIONS
    )


@pytest.mark.parametrize(
    "found",
    [
        produced(SALE, stamgastrecordedat=None),
        produced(SALE | {"customer": {"membership_number": "M1"}}),
        produced(SALE | {"customer": {"provider_customer_id": "P1"}}),
        produced(SALE | {"customer": {"membership_number": "", "provider_customer_id": "P1"}}),
    ],
)
async def test_a_record_is_appended_again_once_and_is_canonical_then(found):
    again = await appended_again(found)
    assert not again.wanting
    assert again.purchase.data.customer.customer_id == ANNA


async def test_a_time_to_come_that_somebody_else_stamped_is_replaced_by_ours():
    found = produced(SALE, stamgastrecordedat=T0 + 6 * MINUTE)
    here = partition_for(found.key, PARTITIONS)
    assert not read_record(found, here, PARTITIONS).wanting  # shop time is not the broker's
    first = read_record(found, here, PARTITIONS, real_time=True)
    assert first.wanting
    again = await canonical(first, ("t", 0, 0, 0), Register(), topic="p", partitions=PARTITIONS, now=T0)
    for slow in (0, 3_600_000):  # also by a broker whose clock is slow
        taken_over = SimpleNamespace(offset=1, timestamp=T0 - slow, key=again.key, value=again.value)
        second = read_record(taken_over, again.partition, PARTITIONS, real_time=True)
        assert (second.wanting, second.purchase.stamgastrecordedat) == (False, T0)


def test_a_time_that_clocks_may_differ_by_is_believed():
    found = produced(SALE, stamgastrecordedat=T0 + 5 * MINUTE)
    assert not read_record(found, partition_for(found.key, PARTITIONS), PARTITIONS, real_time=True).wanting


def test_a_customer_without_any_identifier_is_nobody():
    assert not read(produced(SALE | {"customer": {}})).wanting


@pytest.mark.parametrize(
    "changes",
    [
        {"totals": {"gross_minor": 10**30}},
        {"source_version": 2**63},
        {"source_version": -1},
        {"end_date_time": "2026-10-05T07:42:10"},
        {"customer": {"customer_id": "0612345678"}},
        {"customer": {"customer_id": ""}},
        {"customer": {"phone": "0612345678"}},
        {"status": "compleetd"},
    ],
)
def test_what_no_state_could_hold_and_what_names_a_person_is_unreadable(changes):
    with pytest.raises(UnreadableError) as refused:
        read(produced(SALE | changes))
    assert "0612345678" not in str(refused.value)


@pytest.mark.parametrize(
    "attributes", [{"type": "other.thing"}, {"stamgastrecordedat": 10**15}, {"stamgastsource": ["t", 0, 0, 0]}]
)
def test_an_envelope_of_another_kind_is_unreadable(attributes):
    sale = SALE | {"customer": {"membership_number": "M1"}}
    with pytest.raises(UnreadableError):
        read(produced(sale, **attributes))


def test_the_key_names_the_transaction():
    with pytest.raises(UnreadableError):
        read(produced(SALE, key=f"{MERCHANT}:another".encode()))


@pytest.mark.parametrize(
    "changes", [{"at": 2**64}, {"after": {"occurred_at": T0, "store": "", "currency": "EUR", "spend": 2**64}}]
)
def test_an_event_with_a_number_that_no_state_could_hold_is_unreadable(changes):
    event = {"type": "purchase_changed", "merchant": MERCHANT, "customer": ANNA, "at": T0, "transaction": "t"}
    with pytest.raises(msgspec.ValidationError):
        decode_event(json.dumps(event | {"after": None} | changes).encode())

"""What a shop's own producer may write to `purchases.v1`: taken over once, or laid aside; never again and again."""

import json
from typing import Any

import msgspec
import pytest

from stamgast.domain.events import decode_event
from stamgast.domain.program import Store
from stamgast.domain.units import MINUTE
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import Resolved
from stamgast.identity.sealed import Identifiers, public_key, seal, unseal
from stamgast.log.partitioning import partition_for
from stamgast.pos.misnamed import UNKNOWN_CUSTOMER
from streams.intake.canonical import UnreadableError, canonical, document_of, read_record
from streams.intake.identity import Naming
from tests.builders import ANNA, BRAM, MERCHANT, T0, line, program, snapshot
from tests.fakes.people import lately
from tests.fakes.records import LogRecord
from tests.foreign_records import PROOFS, produced, read

PARTITIONS = 4
SALE = snapshot(lines=[line("1", 700)])
ID_KEY = b"i" * 32


class Register:
    """Knows everybody as Anna and Anna by her id, and whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[list[tuple[str, str]]] = []

    async def resolve_many(self, merchant: str, references: Any, at: int, last_heard: Any) -> list[Resolved]:
        assert all(isinstance(each, Identifier) for reference in references for each in reference)
        self.asked += [[(each.kind, each.value) for each in reference] for reference in references]
        return [Resolved(ANNA) for _ in references]

    async def unknown(self, merchant: str, customers: Any) -> frozenset[str]:
        return frozenset(customers) - {ANNA}

    def unseal(self, merchant: str, sealed: str) -> Identifiers:
        return unseal(ID_KEY, merchant, sealed)


async def shops(merchant: str) -> Any:
    abroad = {"cologne": Store("cologne", "Europe/Berlin", region="DE")}
    return program(stores=abroad) if merchant == MERCHANT else None


async def taken_over(found: Any, people: Any = None, **how: Any) -> Any:
    """The record that a foreign one is appended again as."""
    first = read(found, **how)
    assert first.wanting
    document = document_of(first)
    naming = Naming(people or Register(), shops, lately)
    in_force = await naming.program_in_force(first.merchant)
    customer = (await naming.customer_of(first, in_force, T0)).customer
    source = ("t", 0, 0, 0)
    (again,) = canonical(
        first, document, customer, source, PROOFS, program=in_force, topic="p", partitions=PARTITIONS, now=T0
    )
    assert again.partition == partition_for(again.key, PARTITIONS)
    return LogRecord(1, again.value, again.key)


async def appended_again(found: Any) -> Any:
    """The same, read as its new owner reads it."""
    return read(await taken_over(found))


@pytest.mark.parametrize(
    "found",
    [
        produced(SALE, stamgastrecordedat=None),
        produced(SALE | {"customer": {"membership_number": "M1"}}),
        produced(SALE | {"customer": {"provider_customer_id": "P1"}}),
    ],
)
async def test_a_record_is_appended_again_once_and_is_canonical_then(found):
    again = await appended_again(found)
    assert not again.wanting
    assert again.purchase.data.customer.customer_id == ANNA


async def test_a_time_to_come_that_somebody_else_stamped_is_replaced_by_ours():
    found = produced(SALE, stamgastrecordedat=T0 + 6 * MINUTE)
    assert not read(found).wanting  # shop time is not the broker's
    again = await taken_over(found, real_time=True)
    for slow in (0, 3_600_000):  # also by a broker whose clock is slow
        again.timestamp = T0 - slow
        second = read(again, real_time=True)
        assert (second.wanting, second.purchase.stamgastrecordedat) == (False, T0)


def test_a_time_that_clocks_may_differ_by_is_believed():
    found = produced(SALE, stamgastrecordedat=T0 + 5 * MINUTE)
    assert not read(found, real_time=True).wanting


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


@pytest.mark.parametrize("attributes", [{"type": "other.thing"}, {"stamgastrecordedat": 10**15}])
def test_an_envelope_of_another_kind_is_unreadable(attributes):
    sale = SALE | {"customer": {"membership_number": "M1"}}
    with pytest.raises(UnreadableError):
        read(produced(sale, **attributes))


@pytest.mark.parametrize("customer", [{"membership_number": "M1"}, {"customer_id": ANNA}])
@pytest.mark.parametrize("proof", [{}, {"stamgastproof": "A" * 43}, {"stamgastproof": None}])
async def test_a_source_that_somebody_else_names_is_not_believed_and_replaced_by_the_true_one(customer, proof):
    found = produced(SALE | {"customer": customer}, stamgastsource=["t", 0, 2**40, 0], **proof)
    assert read(found).source is None
    again = await appended_again(found)
    assert (again.wanting, again.source) == (False, ("t", 0, 0, 0))


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: value.replace(b'"t",0,0,0', b'"t",0,9,0'),
        lambda value: value.replace(b"700", b"900"),
        lambda value: value[:-1] + b',"x":1}',
        lambda value: value[:-3] + b'A"}',
    ],
)
async def test_whatever_is_changed_in_a_record_of_ours_is_no_longer_ours(forge):
    again = await taken_over(produced(SALE, stamgastrecordedat=None))
    assert read(again).source == ("t", 0, 0, 0)
    forged = LogRecord(2, forge(again.value), again.key)
    assert forged.value != again.value
    second = read(forged)
    assert (second.source, second.wanting) == (None, True)
    other_key = LogRecord(2, again.value)
    assert read_record(other_key, is_here=False, proofs=PROOFS).source is None


async def test_a_record_of_ours_in_another_partition_is_unreadable():
    again = await taken_over(produced(SALE, stamgastrecordedat=None))
    with pytest.raises(UnreadableError, match="appended again already"):
        read_record(again, is_here=False, proofs=PROOFS)


def sealed(merchant: str = MERCHANT, **identifiers: str) -> dict[str, str]:
    return {"sealed": seal(public_key(ID_KEY, MERCHANT), merchant, Identifiers(**identifiers))}


async def test_a_sealed_identifier_is_opened_and_stays_behind():
    people = Register()
    beside = {"membership_number": "M1", "provider_customer_id": "P1"}
    found = produced(SALE | {"customer": sealed(phone="0612345678", membership_number="M2") | beside})
    again = await taken_over(found, people)
    assert people.asked == [[("phone", "+31612345678"), ("membership", "M2"), ("provider", "P1")]]
    assert json.loads(again.value)["data"]["customer"] == {"customer_id": ANNA}
    assert not read(again).wanting


async def test_a_sealed_phone_is_read_as_in_its_stores_country():
    people = Register()
    for store, phone in (("cologne", "0151 23456789"), ("unknown", "06 12345678")):
        sale = SALE | {"store": {"retail_store_id": store}, "customer": sealed(phone=phone)}
        await taken_over(produced(sale), people)
    assert people.asked == [[("phone", "+4915123456789")], [("phone", "+31612345678")]]


@pytest.mark.parametrize(
    ("customer", "why"),
    [
        (sealed("elsewhere", phone="0612345678"), "does not open"),
        (sealed(phone="020 1234567"), "is not a mobile number"),
        (sealed(), "names nobody"),
        ({"sealed": "helloyou"}, "is not of version 1"),
        ({"sealed": "hé"}, "base64url"),
        ({"sealed": "A" * 1001}, "more than 1000"),
        (sealed(phone="0612345678") | {"phone": "0612345678"}, "in the clear"),
    ],
)
async def test_what_does_not_open_or_names_nobody_is_unreadable_and_says_why(customer, why):
    found = produced(SALE | {"customer": customer})
    with pytest.raises(UnreadableError, match=why) as refused:
        await taken_over(found)
    assert "612345678" not in str(refused.value)


async def named_in(found: Any) -> Any:
    naming = Naming(Register(), shops, lately)
    return await naming.customer_of(read(found), await naming.program_in_force(MERCHANT), T0)


async def test_a_sealed_phone_that_is_none_is_told_where_something_else_names_the_customer():
    whose = sealed(phone="020 1234567") | {"membership_number": "M1"}
    named = await named_in(produced(SALE | {"customer": whose}))
    assert named.customer == ANNA
    assert [(each.kind, each.field) for each in named.misnamed] == [("unusable_phone", "sealed")]
    whose = sealed(phone="0612345678", membership_number="M1")
    assert await named_in(produced(SALE | {"customer": whose})) == (ANNA, ())


async def test_a_sealed_phone_that_is_no_customers_credits_nobody_and_is_told():
    whose = sealed(phone="06 00 00 00 00")
    named = await named_in(produced(SALE | {"customer": whose}))
    assert named.customer is None
    assert [(each.kind, each.field) for each in named.misnamed] == [("nobodys_phone", "sealed")]
    named = await named_in(produced(SALE | {"customer": whose | {"membership_number": "M1"}}))
    assert (named.customer, [each.kind for each in named.misnamed]) == (ANNA, ["nobodys_phone"])


async def test_a_customer_id_that_is_nobodys_is_told_and_credits_nobody():
    found = produced(SALE | {"customer": {"customer_id": BRAM}}, stamgastrecordedat=None)
    assert (await named_in(found)).misnamed == (UNKNOWN_CUSTOMER,)
    again = await taken_over(found)
    assert "customer" not in json.loads(again.value)["data"]
    assert await named_in(produced(SALE | {"customer": {"customer_id": ANNA}})) == (ANNA, ())


async def test_a_merchant_without_a_programme_has_no_purchases_and_is_told_what_to_do():
    with pytest.raises(UnreadableError, match="no programme of elsewhere is in force: `stamgast publish` it"):
        await Naming(Register(), shops, lately).program_in_force("elsewhere")


@pytest.mark.parametrize("name", ["", "A", "x" * 64, "é", "a b", "-a", "winkel\n", "x" * 200_000])
def test_nobody_is_called_what_no_merchant_may_be_called(name: str):
    with pytest.raises(UnreadableError, match="its key is not merchant:transaction"):
        read(produced(SALE, key=f"{name}:{SALE['transaction_id']}".encode()))


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

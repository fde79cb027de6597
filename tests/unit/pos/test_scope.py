"""A receipt's number that comes again is another sale, where program.yaml says within what numbers are never used twice."""

import json
from typing import Any

import pytest

from rules.loader import load_bundle
from stamgast.domain.program import Store
from stamgast.domain.units import DAY, HOUR
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import read_purchase
from stamgast.pos.record import to_record
from stamgast.pos.scope import scoped
from streams.intake.canonical import UnreadableError, canonical, document_of
from tests.builders import ANNA, MERCHANT, T0, bundle, line, program, refund, snapshot
from tests.fakes.in_memory import InMemoryIntake, Owner
from tests.foreign_records import PROOFS, named_in, produced, read

YEAR = 365 * DAY


class Shop:
    """Deliveries in by HTTP or by the topic, purchases and spend out."""

    def __init__(self, scope: Any, *, by_topic: bool) -> None:
        self.program = program(transaction_scope=scope, stores={name: Store(name, "Europe/Amsterdam") for name in "ab"})
        self._intake, self._owner, self._by_topic = InMemoryIntake(), Owner(bundle(self.program)), by_topic

    def take(self, *deliveries: dict[str, Any]) -> tuple[int, int]:
        for data in deliveries:
            for each in self.records_of(data):
                for event in self._intake.take(*each):
                    self._owner.apply(event)
        return self._owner.state().purchases, self._owner.state().spend

    def records_of(self, data: dict[str, Any]) -> list[tuple[bytes, bytes]]:
        if self._by_topic:
            found = read(produced(data, stamgastrecordedat=None))
            where: dict[str, Any] = {"program": self.program, "topic": "p", "partitions": 4, "now": T0 + 2 * YEAR}
            again = canonical(found, document_of(found), named_in(found), ("t", 0, 7, 0), PROOFS, **where)
            for each in again:
                written = json.loads(each.value)
                assert written["partitionkey"] == f"{MERCHANT}:{written['data']['transaction_id']}"
            return [(each.key or b"", each.value) for each in again]
        parts = settled(scoped(read_purchase(data).purchase, self.program))
        return [to_record(part, MERCHANT, None if n else ANNA, T0 + 2 * YEAR) for n, part in enumerate(parts)]


@pytest.fixture(params=[False, True], ids=["http", "topic"])
def by_topic(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def sale(store: str = "a", when: int = T0, gross: int = 100, **more: Any) -> dict[str, Any]:
    return snapshot("4711", when=when, store=store, lines=[line("1", gross)]) | more


THREE = (sale(), sale("b", gross=20), sale("a", T0 + YEAR, gross=3))


@pytest.mark.parametrize(("scope", "wanted"), [("merchant", [1, None]), ("store", [2, None]), ("store_day", [3, 123])])
def test_sales_with_one_number_are_told_apart_within_their_scope(by_topic: bool, scope: str, wanted: list[Any]):
    purchases, spend = Shop(scope, by_topic=by_topic).take(*THREE, *THREE)
    assert purchases == wanted[0]
    assert wanted[1] in (None, spend)


def test_an_edit_and_a_void_of_the_same_store_and_day_are_of_the_same_sale(by_topic: bool):
    shop = Shop("store_day", by_topic=by_topic)
    shop.take(*THREE)
    assert shop.take(sale("a", T0 + HOUR, gross=50, source_version=2)) == (3, 73)
    assert shop.take(sale("b", gross=20, source_version=2, status="voided")) == (2, 53)


def test_the_tills_day_tells_apart_before_the_clocks(by_topic: bool):
    shop = Shop("store_day", by_topic=by_topic)
    night, edited = T0 + 17 * HOUR, sale(when=T0 + 17 * HOUR, gross=7, source_version=2, business_day_date="2026-10-01")
    assert shop.take(sale(business_day_date="2026-10-01"), edited) == (1, 7)
    assert shop.take(sale(when=night, gross=5)) == (2, 12)


def test_a_refund_and_a_link_say_of_which_sale_they_are(by_topic: bool):
    shop = Shop("store_day", by_topic=by_topic)
    shop.take(*THREE)
    of_b = {"retail_store_id": "b", "business_day_date": "2026-10-01"}
    assert shop.take(refund("4711", gross=5, when=T0 + DAY) | {"sale": of_b}) == (3, 118)
    here = {"store": {"retail_store_id": "a"}, "sale": {"business_day_date": "2027-10-01"}}
    assert shop.take(refund("4711", "r2", gross=1, when=T0 + YEAR) | here) == (3, 117)
    link = {"relation": "return_of", "transaction_id": "4711", "business_day_date": "2026-10-01"}
    back = snapshot("9", when=T0 + DAY, store="a", lines=[line("1", 100)]) | {"transaction_link": link}
    assert shop.take(back) == (2, 17)


UNSAID = {
    "a refund without its sale's store": ("store", refund("4711"), ["/sale/retail_store_id"]),
    "a refund without its sale's day": (
        "store_day", refund("4711") | {"store": {"retail_store_id": "a"}}, ["/sale/business_day_date"],
    ),
    "a refund without both": ("store_day", refund("4711"), ["/sale/retail_store_id", "/sale/business_day_date"]),
    "a link without its sale's day": (
        "store_day", sale() | {"transaction_link": {"relation": "return_of", "transaction_id": "1"}},
        ["/transaction_link/business_day_date"],
    ),
    "an id that becomes too long": (
        "store", snapshot("x" * 199, store="a", lines=[line("1", 100)]), ["/transaction_id"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNSAID)
def test_what_does_not_say_of_which_sale_it_is_is_refused(what: str):
    scope, data, places = UNSAID[what]
    shop = Shop(scope, by_topic=True)
    with pytest.raises(RefusedError) as refused:
        scoped(read_purchase(data).purchase, shop.program, "/0")
    assert [problem["pointer"] for problem in refused.value.problems] == [f"/0{place}" for place in places]
    with pytest.raises(UnreadableError, match=places[0]):
        shop.records_of(data)


def test_program_yaml_says_the_scope():
    files = "name: Shop\ncurrency: EUR\ntime_zone: Europe/Amsterdam\nlanguages: [nl]\nstores: {a: {}}\n"
    said = load_bundle({"program.yaml": f"{files}purchases: {{transaction_scope: store_day}}\n"}, "shop")
    assert said.program.transaction_scope == "store_day"
    assert load_bundle({"program.yaml": files}, "shop").program.transaction_scope == "merchant"
    wrong = load_bundle({"program.yaml": f"{files}purchases: {{transaction_scope: shop}}\n"}, "shop")
    assert 'unknown word "shop" in `transaction_scope`' in wrong.problems[0].message

"""What messages cost: by country and parts as program.yaml says, and as the carrier says afterwards."""

from typing import Any

from rules.actions import Send
from stamgast.domain.activation import RANKS
from stamgast.domain.costs import Costs
from stamgast.domain.events import ActivationOutcome, MessagePriced
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import Channel
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, program, rule
from tests.fakes.in_memory import Owner

PRICES = {Channel.SMS: {"NL": 7_500, "BE": 9_100}}
DOLLARS = {"USD": ((0, 900_000),)}


def shop(**more: Any) -> Owner:
    costs = Costs(default_margin=550, contact_costs={Channel.SMS: 7_500})
    letter = rule("letter", "purchase", Send("hello", ("sms",)), per="customer")
    owner = Owner(bundle(program(costs=costs, prices=PRICES, rates=DOLLARS, **more), letter))
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    return owner


def activation(owner: Owner) -> str:
    return next(each.activation for change in owner.changes for each in change.submissions)


def says(owner: Owner, status: str, when: int = T0 + HOUR, **more: Any) -> None:
    owner.apply(
        ActivationOutcome(
            merchant=MERCHANT, customer=ANNA, at=when, activation=activation(owner), status=status,
            rank=RANKS[status], channel="sms", **more,
        )
    )  # fmt: skip


def costs(owner: Owner, millionths: int, currency: str = "EUR", cost: int = 15_000, when: int = T0 + DAY) -> None:
    owner.apply(
        MessagePriced(
            merchant=MERCHANT, customer=ANNA, at=when, activation=activation(owner), rule="letter", channel="sms",
            price=millionths, currency=currency, cost=cost,
        )
    )  # fmt: skip


def booked(owner: Owner) -> int:
    """On the customer; the sums say the same."""
    on_customer = owner.state().contact_cost
    for name in ("measure|letter|messages", "contact_cost"):
        assert sum(change.counters.get(name, 0) for change in owner.changes) == on_customer
    return on_customer


def notes(owner: Owner) -> list[tuple[str, int | None]]:
    return [(note.kind, note.cost) for change in owner.changes for note in change.notes]


def test_each_part_costs_the_price_of_the_country_that_it_goes_to():
    at_home, abroad, elsewhere = shop(), shop(), shop()
    says(at_home, "accepted", parts=3)
    says(abroad, "accepted", parts=3, country="BE")
    says(elsewhere, "accepted", parts=1, country="FR")
    assert (booked(at_home), booked(abroad), booked(elsewhere)) == (3 * 7_500, 3 * 9_100, 7_500)


def test_whoever_says_first_that_it_was_taken_it_costs_all_of_its_parts():
    owner = shop()
    says(owner, "delivered", parts=2, country="BE")
    says(owner, "accepted", parts=2, country="BE")
    assert booked(owner) == 2 * 9_100
    assert notes(owner) == [("decided", None), ("outcome", 18_200)]


def test_what_the_carrier_says_afterwards_replaces_what_was_booked_once():
    owner = shop()
    says(owner, "accepted", parts=2)
    for _ in range(3):
        costs(owner, 130_000)
    assert booked(owner) == 13_000
    assert notes(owner)[-1] == ("priced", 13_000)
    assert len(notes(owner)) == 3


def test_a_price_in_another_currency_is_taken_at_the_rate_of_the_day():
    owner = shop()
    says(owner, "accepted", parts=2)
    costs(owner, 100_000, "GBP")
    assert booked(owner) == 15_000
    costs(owner, 100_000, "USD")
    assert booked(owner) == 9_000

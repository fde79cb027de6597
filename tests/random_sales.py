"""Hypothesis strategies: programmes with awkward cards, and transactions with all that tills do to them."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from stamgast.domain.program import Program
from stamgast.domain.units import DAY, HOUR, Millis
from tests.builders import ANNA, BRAM, T0, card, line, program, record, refund, snapshot

CATEGORIES = ("bread", "drinks", "pastry", None)
KINDS = ("sale", "sale", "sale", "sale", "deposit", "gift_card", "reward")
RECORDED = T0 + 60 * DAY
"""When everything is recorded: after all of it happened."""

Recorded = tuple[bytes, bytes]

some_days_later = st.integers(0, 20).map(lambda days: days * DAY)
moments: st.SearchStrategy[Millis] = st.builds(
    lambda days, hours, half: T0 + days * DAY + hours * HOUR + half * HOUR // 2,
    st.integers(0, 40),
    st.sampled_from((0, 0, 3, 12, 15, 17)),
    st.integers(0, 1),
)


@st.composite
def cards(draw: st.DrawFn) -> list[Any]:
    """One to three cards, each counting its own way."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        per = draw(st.sampled_from(("purchase", "item", "amount")))
        found.append(
            card(
                f"card{number}",
                draw(st.integers(1, 5)),
                per=per,
                amount=draw(st.sampled_from((100, 333, 1000))) if per == "amount" else 0,
                minimum_spend=draw(st.sampled_from((0, 0, 500))),
                categories=draw(st.sampled_from(((), (), ("bread",), ("bread", "pastry")))),
                products=draw(st.sampled_from(((), (), ("A1",)))),
                max_per_day=draw(st.sampled_from((None, None, 1, 2, 3))),
                max_per_purchase=draw(st.sampled_from((None, 1, 4))),
                on_refund=draw(st.sampled_from(("below_zero", "below_zero", "next_stamps", "never"))),
                reward=draw(st.sampled_from((None, "loaf"))),
                most_rewards=draw(st.sampled_from((None, None, 1, 200))),
            )
        )
    return found


programs: st.SearchStrategy[Program] = cards().map(lambda found: program(*found))

lines: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda gross, quantity, category, sku, kind, cost, tax: line(
        "?",
        gross,
        quantity,
        category=category,
        sku=sku,
        kind=kind,
        **({} if cost is None else {"cost_minor": gross * cost // 100}),
        **({} if tax is None else {"tax_minor": tax} if isinstance(tax, int) else {"tax_rate": tax}),
    ),
    st.sampled_from((0, 99, 350, 700, 1001, 2500, 2500, 2_000_000, -200, -700)),
    st.sampled_from(("1", "1", "2", "3", "0.348", "10.000", "96385074")),
    st.sampled_from(CATEGORIES),
    st.sampled_from(("A1", "B2", None)),
    st.sampled_from(KINDS),
    st.sampled_from((None, None, 0, 33, 80)),
    st.sampled_from((None, None, 0, 58, "9", "21.0")),
)


@st.composite
def baskets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to three lines with ids of their own."""
    found = draw(st.lists(lines, max_size=3))
    return [each | {"line_id": str(number)} for number, each in enumerate(found)]


@st.composite
def refunds_of(draw: st.DrawFn, transaction: str, id_: str, basket: list[dict[str, Any]], gross: int) -> dict[str, Any]:
    """A refund by line, by money alone, or of everything."""
    kind = draw(st.sampled_from(("line", "money", "all")))
    if kind == "all":
        parts = [
            (each["line_id"], each["quantity"], each["gross_minor"]) for each in basket if each["gross_minor"] >= 0
        ]
        return refund(transaction, id_, max(gross, 0), lines=parts)
    basket = [each for each in basket if each["gross_minor"] >= 0]
    if kind == "money" or not basket:
        return refund(transaction, id_, draw(st.integers(0, max(gross, 1))))
    chosen = draw(st.sampled_from(basket))
    half = draw(st.booleans())
    quantity = "1" if half else chosen["quantity"]
    amount = chosen["gross_minor"] // 2 if half else chosen["gross_minor"]
    return refund(transaction, id_, amount, lines=[(chosen["line_id"], quantity, amount)])


@st.composite
def transactions(draw: st.DrawFn, name: str, *, settled: bool = False) -> list[dict[str, Any]]:
    """All deliveries of one transaction: versions that edit, net or void it, and refunds on their own.

    `settled`: no voids, tests, open tabs or other customers.
    """
    when, basket = draw(st.sampled_from((*(None,) * 9, 0, RECORDED + DAY))), draw(baskets())
    when = draw(moments) if when is None else when  # a till's clock may be dead, or ahead
    rest = draw(st.sampled_from((0, 0, 250)))
    more: dict[str, Any] = {"store": draw(st.sampled_from(("shop", "bar", "unknown"))), "when": when}
    gross = sum(each["gross_minor"] for each in basket) + rest
    currency = draw(st.sampled_from(("EUR", "EUR", "EUR", "EUR", "JPY")))
    deliveries = [draw(refunds_of(name, f"r{number}", basket, gross)) for number in range(draw(st.integers(0, 2)))]
    if deliveries and draw(st.integers(0, 4)) == 0:
        deliveries.append(draw(refunds_of(name, "r0", basket, gross)))
    for each in deliveries:
        each["price_currency"] = draw(st.sampled_from((currency, currency, currency, "EUR", "JPY")))
    known = [each["refund_id"] for each in deliveries]
    customer = ANNA if settled else draw(st.sampled_from((ANNA, ANNA, BRAM, None)))
    changes, version = draw(st.integers(1, 3)), 0
    for number in range(1, changes + 1):
        version = max(1, version + draw(st.sampled_from((1, 1, 1, 0))))  # a till may use a version twice
        status = "completed" if settled else draw(st.sampled_from(("completed",) * 5 + ("open", "voided", "refunded")))
        netted: list[str] = []
        if number > 1:
            change = draw(st.sampled_from(("edit", "netted", "attach", "same")))
            if change == "edit":
                basket = draw(baskets())
            elif change == "netted":
                netted = draw(st.lists(st.sampled_from((*known, "r9")), max_size=2, unique=True))
                basket = basket[: draw(st.integers(0, len(basket)))]
                status = draw(st.sampled_from((status, "partially_refunded")))
            elif change == "attach" and not settled:
                customer = draw(st.sampled_from((ANNA, BRAM)))
        total = sum(each["gross_minor"] for each in basket) + (0 if netted else rest)
        data = snapshot(
            name,
            version,
            lines=basket,
            gross=total,
            customer=customer,
            status=status,
            refund_ids=netted,
            price_currency=currency,
            **more,
        )
        if draw(st.integers(0, 5)) == 0:
            day = (when + draw(st.integers(-3, 3)) * DAY) // 1000
            data["business_day_date"] = datetime.fromtimestamp(day, UTC).date().isoformat()
        if not settled and draw(st.integers(0, 9)) == 0:
            data["provenance"] = {"test": True}
        deliveries.append(data)
    return deliveries


@st.composite
def logs(draw: st.DrawFn, *, most: int = 5, settled: bool = False) -> list[Recorded]:
    """Records of up to five transactions, one after another; each delivery once."""
    names = [f"t{number}" for number in range(draw(st.integers(1, most)))]
    return [record(data, RECORDED) for name in names for data in draw(transactions(name, settled=settled))]


@st.composite
def disorder(draw: st.DrawFn, log: list[Recorded]) -> list[Recorded]:
    """The same records in another order, some of them twice or thrice."""
    again = draw(st.lists(st.sampled_from(log), max_size=len(log)))
    return draw(st.permutations([*log, *again]))

"""A busy merchant for the benchmarks: two stores, two cards, CLV, and twenty rules that all listen to purchases.

Six of the rules look at every purchase, and every figure that a purchase moves has listeners: for each purchase
twelve to sixteen of the twenty are asked. About one purchase in ten makes one of them speak.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from rules.loader import load_bundle
from stamgast.domain.activation import RANKS
from stamgast.domain.events import (
    ActivationOutcome,
    AnyEvent,
    ConsentChanged,
    Enrolled,
    Line,
    Purchase,
    PurchaseChanged,
)
from stamgast.domain.units import DAY, HOUR, MINUTE, Millis
from stamgast.fold import Fold
from stamgast.service import Bundle

MERCHANT: Final = "bakker"
ID_KEY: Final = b"benchmark key of a shop, 32 bytes"
VOUCHER_KEY: Final = bytes.fromhex("fc5005595b7c4a0000462cb88bef523fdd8a8c499dba304178cccd4fd1f8c5b0")
"""`derive_voucher_key(ID_KEY)`, written out: peers have an environment of their own, in which nothing is derived."""
BEGIN: Final[Millis] = 1_790_812_800_000
"""1 October 2026, 00:00 UTC."""
_DAYS: Final = 120
_OPENS, _CLOSES = 8 * HOUR, 17 * HOUR

PROGRAM: Final = """\
merchant: bakker
name: Bakkerij van de Meting
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores:
  dok: {}
  markt: {time_zone: Europe/Brussels, region: BE, day_start: 4}
cards:
  bread: {stamps: 7, per: purchase, categories: [bread]}
  spend: {stamps: 10, per: 10 EUR}
rewards:
  loaf:
    names: {nl: Een gratis brood}
  five_off:
    names: {nl: 5 euro korting}
templates:
  hello: {purpose: marketing}
messaging:
  sms_sender: "+31970102345"
  caps: {marketing: [2 per day, 20 per 30 days]}
costs:
  margin: 55%
  margins: {bread: 62%, pastry: 58%, drinks: 48%}
  acquisition: 2.50 EUR
"""

_MESSAGE: Final = "{send: hello, by: [sms]}"

RULES: Final = {
    "loaf": ("stamp_card_completed: bread", "visits: {at_least: 3}", "{give: loaf}", _MESSAGE),
    "five-off": ("stamp_card_completed: spend", "", "{give: five_off}", _MESSAGE),
    "nearly-bread": ("stamp_card_reaches: {bread: 6}", "stage: [lapsing]", _MESSAGE),
    "half-spend": ("stamp_card_reaches: {spend: 5}", "", "{tag: {add: halfway}}"),
    "visit-2": ("visits_reached: 2", "", _MESSAGE),
    "visit-5": ("visits_reached: 5", "", "{tag: {add: fifth}}"),
    "visit-10": ("visits_reached: 10", "", _MESSAGE),
    "visit-25": ("visits_reached: 25", "", _MESSAGE),
    "clv-20": ("clv_passed: 20 EUR", "", "{tag: {add: good}}"),
    "clv-50": ("clv_passed: 50 EUR", "visits: {at_least: 3}", "{tag: {add: better}}", _MESSAGE),
    "clv-100": ("clv_passed: 100 EUR", "", "{tag: {add: best}}", _MESSAGE),
    "clv-250": ("clv_passed: 250 EUR", "", _MESSAGE),
    "refund": ("refunded", "", _MESSAGE),
    "pastry-tuesday": (
        "purchase", "basket_has: {category: pastry}", "weekday: tuesday", "spend: {at_least: 900 EUR}", _MESSAGE,
    ),
    "drinks-markt": (
        "purchase", "store: markt", "basket_has: {category: drinks}", "clv: {at_least: 400 EUR}", _MESSAGE,
    ),
    "big-basket": ("purchase", "spend: {at_least: 2000 EUR}", _MESSAGE),
    "won-back": ("purchase", "stage: [won_back]", "visits: {at_least: 8}", _MESSAGE),
    "weekend": ("purchase", "weekday: [saturday, sunday]", "visits: {at_least: 60}", _MESSAGE),
    "quiet-store": ("purchase", "store: dok", "clv: {less_than: 0 EUR}", _MESSAGE),
    "bread-lover": ("purchase", "basket_has: {category: bread}", "visits: {at_least: 40}", _MESSAGE),
}  # fmt: skip
"""Rule -> when, conditions (all of them), actions. Written out as YAML by `files`."""


def files() -> dict[str, str]:
    """The merchant's files, as a bundle holds them."""
    made = {
        "program.yaml": PROGRAM,
        "templates/nl/hello.j2": "Dag! Er ligt iets voor je klaar bij {{ merchant.name }}. Stop? Antwoord STOP.",
    }
    for name, (when, *rest) in RULES.items():
        conditions = [word for word in rest if word and not word.startswith("{")]
        actions = [word for word in rest if word.startswith("{")]
        lines = [f"rule: {name}", f"description: {name}.", "status: live", "when:"]
        lines.append(f"  {when}" if ":" in when else f"  {when}: {{}}")
        if conditions:
            lines += ["if:", *(f"  - {word}" for word in conditions)]
        lines += ["then:", *(f"  - {word}" for word in actions)]
        made[f"rules/{name}.yaml"] = "\n".join(lines) + "\n"
    return made


def bundle() -> Bundle:
    """The merchant, compiled. Raises RuntimeError for a mistake in this file."""
    loaded = load_bundle(files())
    if not loaded.ok:
        raise RuntimeError("; ".join(str(problem) for problem in loaded.problems))
    return Bundle(0, "benchmark", loaded.program, loaded.rules)


def purchases(count: int, *, customers: int, seed: int = 11) -> Iterator[PurchaseChanged]:
    """Purchases spread over four months: one to four lines, one in fifty refunded in part soon after."""
    draw = random.Random(seed)
    for number in range(count):
        day, rest = divmod(number * _DAYS, count)
        at = BEGIN + day * DAY + _OPENS + rest * (_CLOSES - _OPENS) // count
        sold = basket(draw, at - draw.randrange(MINUTE))
        about = {"merchant": MERCHANT, "customer": customer_id(draw.randrange(customers))}
        sale = f"till{draw.randrange(9)}:{number:08d}"
        yield PurchaseChanged(**about, at=at, transaction=sale, after=sold, happened_at=sold.occurred_at)
        if draw.random() < 0.02 and len(sold.lines) > 1:
            yield PurchaseChanged(
                **about, at=at, transaction=sale, before=sold, after=without_last(sold), happened_at=at
            )


def enrolments(customers: int) -> Iterator[AnyEvent]:
    """Every customer joins; every second one may be written to."""
    for number in range(customers):
        about = {"merchant": MERCHANT, "customer": customer_id(number), "at": BEGIN - DAY}
        yield Enrolled(**about, language="nl", acquisition_source="flyer")
        if number % 2:
            yield ConsentChanged(**about, purpose="marketing", channel="sms", granted=True, wording="2026-1")


def stream(count: int, *, customers: int, merchant: Bundle | None = None) -> list[AnyEvent]:
    """What stands on the topic: enrolments, purchases, and right after each purchase what became of its messages.

    `merchant`: other rules than the bakery's.
    """
    events: list[AnyEvent] = []
    fold, merchant = Fold(VOUCHER_KEY), merchant or bundle()
    for event in (*enrolments(customers), *purchases(count, customers=customers)):
        events.append(event)
        change = fold.apply(event, merchant)
        for submission in change.submissions:
            for status in ("accepted", "delivered"):
                outcome = ActivationOutcome(
                    merchant=MERCHANT, customer=event.customer, at=event.at, activation=submission.activation,
                    status=status, rank=RANKS[status], attempt="a" * 32, channel="sms", provider_id="SM" + "0" * 32,
                    parts=1,
                )  # fmt: skip
                fold.apply(outcome, merchant)
                events.append(outcome)
    return events


def share_that_speaks(events: Iterable[AnyEvent]) -> float:
    """Messages a purchase."""
    kinds = [type(event) for event in events]
    return kinds.count(ActivationOutcome) / 2 / max(1, kinds.count(PurchaseChanged))


@lru_cache(maxsize=1 << 18)
def customer_id(number: int) -> str:
    """A customer id of the shape that identity makes."""
    return "c" + base64.b32encode(hashlib.sha256(b"%d" % number).digest()[:15]).decode().lower()


_CATEGORIES = ("bread", "bread", "pastry", "drinks")


def basket(draw: random.Random, at: Millis) -> Purchase:
    """What somebody buys: one to four lines."""
    lines = tuple(
        Line(id=str(index + 1), gross=draw.randrange(120, 900), sku=f"SKU{draw.randrange(300):03d}",
             category=draw.choice(_CATEGORIES))
        for index in range(draw.choice((1, 1, 2, 3, 4)))
    )  # fmt: skip
    store = "dok" if draw.random() < 0.6 else "markt"
    return Purchase(occurred_at=at, store=store, currency="EUR", spend=sum(line.gross for line in lines), lines=lines)


def without_last(sold: Purchase) -> Purchase:
    """The same after its last line was given back."""
    *kept, gone = sold.lines
    return Purchase(
        occurred_at=sold.occurred_at, store=sold.store, currency=sold.currency, spend=sold.spend - gone.gross,
        refunded=gone.gross, lines=tuple(kept), peak=sold.lines, peak_spend=sold.spend,
    )  # fmt: skip

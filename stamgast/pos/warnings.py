"""What is taken in although it looks wrong: a store that the programme does not know, a date that cannot be right, a
quantity or an amount that nobody can have meant, a currency without a rate.

Nothing is lost by any of them. Whoever builds the till should hear of it all the same: in the answer to the till, as a
figure, in the log.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter

from rules.yaml.problems import MAX_LISTED, nearest
from stamgast.domain.calendar import business_day
from stamgast.domain.events import Line, Purchase
from stamgast.domain.exchange import is_known
from stamgast.domain.net_purchase import net
from stamgast.domain.program import Program
from stamgast.domain.purchase_record import DAYS_APART, EPOCH, Delivery, business_day_of, can_be_right
from stamgast.domain.purchases import merge
from stamgast.domain.review import Doubt as AboutPurchase
from stamgast.domain.review import doubt_about
from stamgast.domain.spelling import meant_by
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.pos.doubt import SHOWN, Doubt, DoubtKind
from stamgast.pos.links import UNLINKED, unlinked_return
from stamgast.pos.misnamed import Misnamed
from stamgast.pos.types import write_instant
from stamgast.pos.unequal_totals import left_unexplained, unequal
from stamgast.sparing import Sparing

log = get_logger(__name__)

MOST_TOLD: Final = 20
"""Stores of one request that are told each on its own: a till may send a thousand, each with another name."""
_MOST_WORDS: Final = 200
"""Unknown categories of one request that are compared with the known ones."""
QUIET_S: Final = 60.0
_MOST_MERCHANTS: Final = 1_000
"""That are told of each on their own in `QUIET_S`."""


class Seen(NamedTuple):
    """A purchase as its doubts are looked for: its JSON Pointer, the date it came with, and what is made of it."""

    pointer: str
    moment: Millis
    delivery: Delivery
    misnamed: Sequence[Misnamed] = ()


def doubts_about(seen: Iterable[Seen], program: Program, recorded_at: Millis) -> list[Doubt]:
    """Everything about these purchases that looks wrong; what is alike is told once."""
    found: dict[tuple[str, str], Doubt] = {}
    meanings: dict[str, str] = {}
    earliest, stores, categories = program.earliest(recorded_at), program.stores, program.categories
    for place, moment, delivery, misnamed in seen:
        _find_misnamed(found, place, misnamed)
        store = delivery.store.retail_store_id
        if store and store not in stores:
            _find_store(found, place, store, program)
        if categories and delivery.refund_id is None:
            _find_misspelt(found, place, delivery, categories, meanings)
        if not can_be_right(moment, recorded_at, earliest):
            side = "ahead" if moment > recorded_at else "behind"
            if _is_first(found, ("time", side)):
                found["time", side] = _suspect_time(place, moment, recorded_at, earliest)
        elif _has_odd_day(delivery) and _is_first(found, ("time", "day")):
            found["time", "day"] = _suspect_day(place, moment, str(delivery.business_day_date))
        _find_odd_amounts(found, place, delivery)
        sold = sold_by(delivery, recorded_at)
        doubt = doubt_about(sold, program) if sold is not None else _about_refund(delivery, moment, program)
        if doubt is not None and _is_first(found, ("review", doubt.kind)):
            found["review", doubt.kind] = _to_review(place, () if sold is None else sold.lines, doubt, program)
    return list(found.values())


def _find_misnamed(found: dict[tuple[str, str], Doubt], place: str, misnamed: Iterable[Misnamed]) -> None:
    for each in misnamed:
        if _is_first(found, (each.kind, each.why)):
            found[each.kind, each.why] = misnamed_customer(f"{place}/customer", each)


def _find_store(found: dict[tuple[str, str], Doubt], place: str, store: str, program: Program) -> None:
    name = store if ("store", store) in found or len(found) < MOST_TOLD else ""
    if _is_first(found, ("store", name)):
        found["store", name] = _unknown_store(place, name, tuple(sorted(program.stores)))


def _find_odd_amounts(found: dict[tuple[str, str], Doubt], place: str, delivery: Delivery) -> None:
    if delivery.prices_include_tax is False and _is_first(found, ("tax", "")):
        found["tax", ""] = _without_tax(place)
    back = unlinked_return(delivery)
    if back is not None and _is_first(found, ("link", "")):
        found["link", ""] = Doubt("unlinked_return", f"{place}/line_items/{back}", "", *UNLINKED)
    if (unexplained := left_unexplained(delivery)) and _is_first(found, ("totals", "")):
        found["totals", ""] = unequal(place, delivery, unexplained)


def _find_misspelt(
    found: dict[tuple[str, str], Doubt],
    place: str,
    delivery: Delivery,
    categories: frozenset[str],
    meanings: dict[str, str],
) -> None:
    """Categories that are nearly one that the programme counts; any other is the shop's own business."""
    told: set[str] = set()
    for number, line in enumerate(delivery.line_items):
        word = line.category
        if word is None or word in categories or word in told:
            continue
        told.add(word)
        if word not in meanings:
            if len(meanings) >= _MOST_WORDS:
                continue
            meanings[word] = meant_by(word, categories)
        if not (meant := meanings[word]):
            continue
        name = word if ("category", word) in found or len(found) < MOST_TOLD else ""
        if _is_first(found, ("category", name)):
            found["category", name] = Doubt(
                kind="unknown_word",
                pointer=f"{place}/line_items/{number}/category",
                value=word,
                detail=f"the programme counts no category {word[:SHOWN]!r}: no card of {meant!r} and no margin of it "
                "counts this line",
                allowed=_listed(sorted(categories)),
                nearest=meant,
            )


def unknown_word(
    pointer: str, word: str, known: Iterable[str], detail: str, *, kind: DoubtKind = "unknown_word"
) -> Doubt:
    """A word that the programme does not know, which was taken all the same; `detail` says what comes of it."""
    words = sorted(known)
    near = meant_by(word, words) if kind == "unknown_word" else nearest(word[:SHOWN], words) or ""
    return Doubt(kind, pointer, word, detail, _listed(words), near)


def _listed(words: Sequence[str]) -> str:
    more = f", … ({len(words) - MAX_LISTED} more)" if len(words) > MAX_LISTED else ""
    return ", ".join(words[:MAX_LISTED]) + more


def _is_first(found: dict[tuple[str, str], Doubt], name: tuple[str, str]) -> bool:
    """Whether it was not found yet; if it was, count once more."""
    if name not in found:
        return True
    found[name].purchases += 1
    return False


class Doubts:
    """Counts them by merchant, and writes of each kind at most one line a merchant in `QUIET_S`."""

    def __init__(self, registry: CollectorRegistry, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counters = {
            kind: Counter(f"stamgast_{name}", text, ["merchant"], registry=registry)
            for kind, (name, text) in _COUNTED.items()
        }
        self._sparing = Sparing(QUIET_S, most_kinds=_MOST_MERCHANTS)

    def note(self, merchant: str, doubts: Iterable[Doubt]) -> None:
        """Count, and say so. `merchant` has a programme, so that there are no more labels than programmes."""
        for doubt in doubts:
            self._counters[doubt.kind].labels(merchant).inc(doubt.purchases)
            purchases = self._sparing.note(doubt.kind, merchant, self._monotonic(), doubt.purchases)
            if not purchases:
                continue
            log.warning(
                _EVENTS[doubt.kind],
                merchant=merchant,
                value=doubt.shown,
                nearest=doubt.nearest,
                allowed=doubt.allowed,
                place=doubt.pointer,
                purchases=purchases,
            )


_COUNTED: Final[Mapping[DoubtKind, tuple[str, str]]] = {
    "unknown_store": ("unknown_stores", "Purchases taken in from a store that program.yaml does not name"),
    "suspect_time": ("suspect_times", "Purchases taken in with a date that cannot be right"),
    "without_tax": ("amounts_without_tax", "Purchases taken in that say that their amounts are without tax"),
    "unlinked_return": (
        "unlinked_returns",
        "Purchases taken in with a line that came back, paid for and without a link: it counts as sold",
    ),
    "to_review": (
        "purchases_to_review",
        "Purchases taken in that count for nothing until a person has confirmed or voided them, or a rate is published",
    ),
    "unusable_phone": (
        "unusable_phones",
        "Purchases taken in whose phone is none; something else named their customer",
    ),
    "nobodys_phone": (
        "nobodys_phones",
        "Purchases taken in whose phone is no customer's: the shop's own, or what is typed where there is none",
    ),
    "unknown_customer": (
        "unknown_customers",
        "Purchases taken in for nobody, since their customer_id is nobody's",
    ),
    "unused_phone": (
        "unused_phones",
        "Purchases taken in with a phone unused for a year, which was not joined with what stands beside it",
    ),
    "two_customers": ("two_customers", "Purchases taken in whose identifiers name different customers"),
    "unknown_word": (
        "unknown_words",
        "Categories, purposes, sources and languages taken in that look like a mistake",
    ),
    "over_refund": ("over_refunds", "Deliveries after which more was given back than was paid"),
    "unknown_line": ("refunds_of_unknown_lines", "Refunds of a line that their sale has not"),
    "told_twice": ("versions_told_twice", "Deliveries with a version that is known with other content"),
    "another_sale": ("receipt_numbers_again", "Deliveries of a known transaction from another store or day"),
    "refused_code": ("refused_codes", "Enrolments by a friend's code that brings nothing"),
    "unproven": ("unproven_purchases", "Records that nobody proved to be the merchant's, believed until that is asked"),
    "unequal_totals": (
        "unequal_totals",
        "Purchases and refunds taken in of which another sum was paid than their totals come to",
    ),
}
_EVENTS: Final = {
    "unknown_store": "purchases of a store that the programme does not know",
    "suspect_time": "purchases with a date that cannot be right",
    "without_tax": "purchases that say that their amounts are without tax",
    "unlinked_return": "purchases with a line that came back and was paid for, without a transaction_link",
    "to_review": "purchases that wait until a person has confirmed or voided them, or for a rate",
    "unusable_phone": "purchases with a phone that no message can reach",
    "nobodys_phone": "purchases with a phone that is no customer's",
    "unknown_customer": "purchases with a customer_id that is nobody's",
    "unused_phone": "purchases with a phone unused for a year beside another identifier: they were not joined",
    "two_customers": "purchases whose identifiers name different customers",
    "unknown_word": "words that the programme does not know",
    "over_refund": "more was given back than was paid",
    "unknown_line": "refunds of lines that their sale has not",
    "told_twice": "versions of a transaction that are known with other content",
    "another_sale": "transactions that are known from another store or day",
    "refused_code": "enrolments by a friend's code that brings nothing",
    "unproven": "purchases on Kafka that nobody proved to be the merchant's",
    "unequal_totals": "purchases of which another sum was paid than their totals come to",
}


def unproven(records: int) -> Doubt:
    """So many records that anybody may have written to Kafka, which are believed until that is asked for."""
    allowed = "a proof in each record's header, as docs/producing.md says; from STAMGAST_PROVEN_SINCE on it is needed"
    return Doubt("unproven", "", value="", detail="", allowed=allowed, purchases=records)


def sold_by(delivery: Delivery, recorded_at: Millis) -> Purchase | None:
    """What a delivery says was sold, by itself; None for a refund, and for what cannot be read."""
    if delivery.refund_id is not None:
        return None
    transaction = Transaction()
    try:
        merge(transaction, delivery, recorded_at)
    except ValueError:
        return None
    return net(transaction)


def _about_refund(delivery: Delivery, moment: Millis, program: Program) -> AboutPurchase | None:
    """Why a refund waits with its sale: the rate of its own day is as good as known where that of the sale's is."""
    day, currency = business_day(moment, program.time_zone), delivery.price_currency
    if delivery.refund_id is None or is_known(currency, program.currency, program.rates, day):
        return None
    return AboutPurchase("rate", day, 0, currency=currency)


def _to_review(place: str, lines: tuple[Line, ...], doubt: AboutPurchase, program: Program) -> Doubt:
    words = doubt.in_words(program.currency)
    if doubt.kind == "rate":
        return Doubt(
            kind="to_review",
            pointer=f"{place}/price_currency",
            value=doubt.currency,
            detail=f"{words}. It was taken in and waits: it gives nothing and takes nothing until the rate is "
            "published, and then it counts",
            allowed=", ".join([program.currency, *sorted(program.rates)][:MAX_LISTED])
            + f"; program.yaml may say what others are worth with `exchange: {{{doubt.currency}: …}}`",
        )
    pointer = f"{place}/line_items"
    if doubt.kind == "pieces":
        most = max(range(len(lines)), key=lambda n: abs(lines[n].quantity))
        pointer = f"{pointer}/{most}/quantity"
    elif doubt.kind == "amount":
        pointer = f"{place}/totals/gross_minor"
    setting = "most_rewards" if doubt.kind == "rewards" else f"review_above: {{{doubt.kind}: …}}"
    return Doubt(
        kind="to_review",
        pointer=pointer,
        value=f"{doubt.found}",
        detail=f"{words}. It was taken in and waits for a person: until `stamgast purchases confirm` it counts for "
        "nothing and gives nothing; a corrected version with a higher source_version counts at once",
        allowed=f"at most {doubt.most:,}; program.yaml may say otherwise with `purchases: {{{setting}}}`",
    )


def misnamed_customer(place: str, found: Misnamed) -> Doubt:
    """What is wrong with how somebody is named at `place`."""
    detail, allowed = found.in_words()
    return Doubt(found.kind, f"{place}/{found.field}", value="", detail=detail, allowed=allowed)


def _unknown_store(place: str, store: str, stores: tuple[str, ...]) -> Doubt:
    named = f"knows no store {store[:SHOWN]!r}" if store else "does not know the stores of others either"
    return Doubt(
        kind="unknown_store",
        pointer=f"{place}/store/retail_store_id",
        value=store,
        detail=f"the programme {named}: what was bought counts by the days of the merchant's own time zone",
        allowed=_listed(stores),
        nearest=_nearest(store, stores) if store else "",
    )


@lru_cache(maxsize=1024)
def _nearest(store: str, stores: tuple[str, ...]) -> str:
    return nearest(store[:SHOWN], stores) or ""


def _suspect_time(place: str, moment: Millis, recorded_at: Millis, earliest: Millis) -> Doubt:
    ahead = moment > recorded_at
    why = "lies ahead" if ahead else f"lies before {_written(earliest)}"
    return Doubt(
        kind="suspect_time",
        pointer=f"{place}/end_date_time",
        value=_written(moment),
        detail=f"end_date_time {_written(moment)} {why}: the till's clock cannot be right. "
        "What was bought counts from when we first received it",
        allowed=f"{_written(earliest)} to five minutes from now"
        + ("" if ahead else "; program.yaml may say otherwise with `purchases: {not_before: …}`"),
    )


def _without_tax(place: str) -> Doubt:
    return Doubt(
        kind="without_tax",
        pointer=f"{place}/prices_include_tax",
        value="false",
        detail="prices_include_tax is false, and amounts are with tax here: they were taken as they stand",
        allowed="gross_minor with tax, of the total and of each line, and prices_include_tax true or left out",
    )


def _has_odd_day(delivery: Delivery) -> bool:
    return delivery.business_day_date is not None and business_day_of(delivery) is None


def _suspect_day(place: str, moment: Millis, day: str) -> Doubt:
    return Doubt(
        kind="suspect_time",
        pointer=f"{place}/business_day_date",
        value=day,
        detail=f"business_day_date {day[:SHOWN]} lies more than {DAYS_APART} days from end_date_time, "
        f"{_written(moment)}: the day of that counts",
        allowed="the day on which the till books the sale; leave it out where the clock says the same",
    )


def _written(moment: Millis) -> str:
    try:
        return write_instant(EPOCH + timedelta(milliseconds=moment))
    except OverflowError:  # the year 1 in the east is the year 0 in UTC
        return "beyond the calendar"

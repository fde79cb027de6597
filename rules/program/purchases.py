"""What program.yaml says about purchases: how old one may be, what it may bring at most, what is too much to be meant.

`purchases: {not_before: 2015-01-01, most_rewards: 20, review_above: {pieces: 1000, amount: 10000 EUR, per_day: 10}}`
And within what transaction ids are never used twice: `purchases: {transaction_scope: store}`. And how receipts are
claimed afterwards: `purchases: {claims: {within: 14 days, per_customer: 5, per_operator: 30, per_store: 200}}`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple, get_args

from rules.yaml.nodes import Node
from rules.yaml.reader import Reader
from rules.yaml.words import parse_date, parse_duration
from stamgast.domain.calendar import at_local, date_of
from stamgast.domain.claim_rules import ClaimRules
from stamgast.domain.currencies import exponent_of
from stamgast.domain.program import MOST_REWARDS, ReviewAbove, TransactionScope
from stamgast.domain.purchase_record import EARLIEST
from stamgast.domain.stamps import MOST_COMPLETED
from stamgast.domain.units import DAY, Day, Millis, Minor

WORDS: Final = ("not_before", "most_rewards", "review_above", "transaction_scope", "claims")
MOST_PIECES: Final = 1_000_000
_MOST_PER_DAY: Final = 10_000
_LATEST_CLAIM: Final[Millis] = 365 * DAY
"""A transaction is remembered for 400."""
_MOST_CLAIMS: Final = 10_000
"""In a day, of one of anything: each that counts is kept until then."""
_FIRST: Final[Day] = EARLIEST // DAY + 1
"""One after 1990 began, so that it holds in every time zone."""
_LAST: Final[Day] = 84_005
"""The end of 2199."""
_MUCH: Final = dict.fromkeys(("AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "USD"), 10_000) | {
    "CZK": 250_000, "DKK": 75_000, "HUF": 4_000_000, "JPY": 1_500_000, "NOK": 100_000, "PLN": 50_000,
    "RON": 50_000, "SEK": 100_000,
}  # fmt: skip
"""Some 10,000 EUR in whole units. What is much in another currency a programme has to say itself."""


class Purchases(NamedTuple):
    """The section as read."""

    not_before: Millis | None
    most_rewards: int
    review_above: ReviewAbove
    transaction_scope: TransactionScope
    claims: ClaimRules


def read_purchases(reader: Reader, node: Node | None, time_zone: str, currency: str) -> Purchases:
    """Read `purchases:`; what it does not say has a default."""
    found = reader.mapping(node, "purchases", WORDS) if node is not None else {}
    if node is not None and not found:
        reader.problem(node, "`purchases` says nothing", f"Write one of {', '.join(WORDS)}, or leave it out.")
    return Purchases(
        not_before=_not_before(reader, found, time_zone),
        most_rewards=read_most_rewards(reader, found) or MOST_REWARDS,
        review_above=_review_above(reader, found.get("review_above"), currency),
        transaction_scope=_transaction_scope(reader, found.get("transaction_scope")),
        claims=_claims(reader, found.get("claims")),
    )


def read_most_rewards(reader: Reader, found: Mapping[str, Node]) -> int | None:
    """How often one purchase may fill a card; None where nothing is said."""
    if "most_rewards" not in found:
        return None
    return reader.integer(found["most_rewards"], "most_rewards", 1, MOST_COMPLETED)


def _transaction_scope(reader: Reader, node: Node | None) -> TransactionScope:
    scopes = get_args(TransactionScope)
    scope: TransactionScope | None = reader.one_of(node, "transaction_scope", scopes) if node is not None else None
    return scope or "merchant"


def _claims(reader: Reader, node: Node | None) -> ClaimRules:
    usual = ClaimRules()
    if node is None:
        return usual
    limits = ("per_customer", "per_operator", "per_store")
    found = reader.mapping(node, "claims", ("within", *limits))
    within = reader.word(found["within"], "within", parse_duration) if "within" in found else usual.within
    if within is not None and not 0 < within <= _LATEST_CLAIM:
        message = f"`within` must be up to {_LATEST_CLAIM // DAY} days, and more than nothing"
        reader.problem(found["within"], message, "Write it as 14 days.")
    most = {name: reader.integer(found[name], name, 1, _MOST_CLAIMS) for name in limits if name in found}
    given = {name: value for name, value in most.items() if value is not None}
    return replace(usual, within=within or usual.within, **given)


def _review_above(reader: Reader, node: Node | None, currency: str) -> ReviewAbove:
    words = ("pieces", "amount", "per_day")
    found = reader.mapping(node, "review_above", words) if node is not None else {}
    pieces = reader.integer(found["pieces"], "pieces", 1, MOST_PIECES) if "pieces" in found else None
    amount = reader.money(found["amount"], "amount", currency) if "amount" in found else _much(currency)
    if amount == 0:
        reader.problem(found["amount"], "`amount` is nothing: every purchase would wait", "Write it as 10000 EUR.")
    per_day = reader.integer(found["per_day"], "per_day", 1, _MOST_PER_DAY) if "per_day" in found else None
    return ReviewAbove(pieces or ReviewAbove().pieces, amount, per_day)


def _much(currency: str) -> Minor | None:
    return None if currency not in _MUCH else _MUCH[currency] * 10 ** exponent_of(currency)


def _not_before(reader: Reader, found: Mapping[str, Node], time_zone: str) -> Millis | None:
    """The moment before which no sale can have been."""
    day = reader.word(found["not_before"], "not_before", parse_date) if "not_before" in found else None
    if day is None:
        return None
    if not _FIRST <= day <= _LAST:
        message = f"`not_before` must be from {date_of(_FIRST)} to {date_of(_LAST)}, not {date_of(day)}"
        reader.problem(found["not_before"], message, "Write the day of the oldest sale that you may import.")
        return None
    return at_local(day, 0, time_zone)

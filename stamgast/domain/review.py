"""Purchases that nobody can have meant: a barcode in the field of the quantity, a price a thousand times too high.
And those in a currency of which nobody has said what it is worth (docs/adr/0068).

They are taken in and wait until a person has confirmed or voided them (docs/adr/0057). What is doubtful follows from
the purchase and the programme in force alone, so that the worker, the door and every reading of the log agree; but that
a customer has had too many on one day follows from their state, which the door does not know (docs/adr/0159).
"""

from typing import Literal

import msgspec
from msgspec import Struct

from stamgast.domain.calendar import date_of
from stamgast.domain.currencies import format_money
from stamgast.domain.customer import Customer
from stamgast.domain.days import purchases_on
from stamgast.domain.earning import NOTHING, entry_for
from stamgast.domain.events import Purchase, PurchaseChanged, is_history
from stamgast.domain.exchange import converted, without_rate
from stamgast.domain.ledger import Agreed, Entry, decode_held, digest_of_held, encode_held
from stamgast.domain.program import CardDefinition, Program
from stamgast.domain.stamps import MOST_COMPLETED
from stamgast.domain.units import Millis, Minor
from stamgast.domain.weighing import PIECE, weighed_at_once


class Doubt(Struct, frozen=True, gc=False):
    """Why a purchase waits: how much there is of something, and how much would not have been asked about."""

    kind: Literal["pieces", "amount", "rewards", "rate", "per_day"]
    found: int
    """Of `rate` it is the day on which there is none."""
    most: int
    card: str = ""
    """Of which stamp card the rewards would be; empty for all of them together."""
    currency: str = ""
    """What there is no rate for."""

    def in_words(self, currency: str) -> str:
        """As people read it; amounts are in the programme's currency."""
        match self.kind:
            case "pieces":
                return f"{self.found:,} pieces in one line are more than {self.most:,}"
            case "amount":
                return f"{format_money(self.found, currency)} are more than {format_money(self.most, currency)}"
            case "rate":
                return f"there is no rate for {self.currency} on {date_of(self.found)}"
            case "per_day":
                return f"{self.found:,} purchases of one customer on one day are more than {self.most:,}"
        of = f" of the {self.card} card" if self.card else ""
        return f"it would bring up to {self.found:,} rewards{of}: one purchase brings at most {self.most:,}"


class Waiting(Struct, frozen=True, kw_only=True):
    """A line of the list of what waits for a person (JSON); whose it is says the name it stands under."""

    since: Millis
    """When it was recorded."""
    occurred_at: Millis
    store: str
    pieces: int
    spend: Minor
    currency: str
    why: Doubt
    why_currency: str
    """That of `why`, if it is about an amount."""
    seen: str
    """What a verdict names, so that none is passed on what nobody has seen."""


encode_waiting = msgspec.json.Encoder().encode
decode_waiting = msgspec.json.Decoder(Waiting).decode


def doubt_about(purchase: Purchase, program: Program) -> Doubt | None:
    """Why this purchase would have to wait under that programme; None if it counts at once."""
    return doubt_of(purchase, entry_for(purchase, program), program)


def doubt_of(purchase: Purchase, entry: Entry, program: Program) -> Doubt | None:
    """As `doubt_about`, for a purchase of which is known what it would give."""
    found = _rewards_in_doubt(entry, program)
    if found is None and _is_usual(purchase, program):
        return None
    return _too_much(purchase, entry, program) or found or rate_wanting(purchase, entry, program)


def _too_much(purchase: Purchase, entry: Entry, program: Program) -> Doubt | None:
    most = program.review_above
    pieces = pieces_of(purchase)
    if pieces > most.pieces:
        return Doubt("pieces", pieces, most.pieces)
    if most.amount is not None and (amount := _amount_of(purchase, entry, program)) > most.amount:
        return Doubt("amount", amount, most.amount)
    return None


def rate_wanting(purchase: Purchase, entry: Entry, program: Program) -> Doubt | None:
    """Why a purchase, or a refund of it, waits for a rate; None if there is one, or none is needed."""
    currency = without_rate(purchase, program.currency, program.rates, entry.day)
    return Doubt("rate", entry.day, 0, currency=currency) if currency else None


def _is_usual(purchase: Purchase, program: Program) -> bool:
    """Whether nothing in it is too much, found in one loop; of what it cannot tell it says no."""
    most = program.review_above.amount
    if most is None or purchase.currency != program.currency or not -most <= purchase.spend <= most:
        return False
    if purchase.foreign:
        return False
    pieces = program.review_above.pieces * PIECE
    fewest, least = -pieces, -most
    for line in purchase.lines:
        if not (fewest <= line.quantity <= pieces and least <= line.gross <= most):
            return False
        if line.cost is not None and not least <= line.cost <= most:
            return False
        if line.tax is not None and not least <= line.tax <= most:
            return False
    return True


def size_of(purchase: Purchase, entry: Entry, program: Program) -> Agreed:
    """How large it is; what was confirmed once is not asked about again unless it grows."""
    rewards = sum([_completes(raw, program.cards[card]) for card, raw in entry.stamps.items()])
    return Agreed(pieces_of(purchase), _amount_of(purchase, entry, program), rewards)


def is_within(size: Agreed, agreed: Agreed) -> bool:
    """Whether a purchase is no larger than what a person has confirmed of it, and than any may be."""
    if size.rewards > MOST_COMPLETED:
        return False
    return size.pieces <= agreed.pieces and size.amount <= agreed.amount and size.rewards <= agreed.rewards


def weighed(
    purchase: Purchase | None, program: Program, agreed: Agreed | None, old: Entry = NOTHING
) -> tuple[Entry, Doubt | None]:
    """What a purchase gives, and why it (or a part of it) waits. `agreed` is what a person has confirmed of it.

    What waits for a rate takes nothing either: what the purchase gave so far, `old`, it gives until the rate is known.
    """
    if purchase is None:
        return NOTHING, None
    entry = entry_for(purchase, program)
    doubt = doubt_of(purchase, entry, program)
    asked = doubt is not None and doubt.kind != "rate"
    if asked and agreed is not None and is_within(size_of(purchase, entry, program), agreed):
        doubt = rate_wanting(purchase, entry, program)
    if doubt is not None and doubt.kind != "rate":
        entry = Entry(day=0, spend=0, profit=0, counts=0)
    elif doubt is not None and doubt.currency == purchase.currency:
        entry = msgspec.structs.replace(old)
    entry.held = b"" if doubt is None else encode_held(purchase)
    entry.agreed = agreed
    return entry, doubt


def reweighed(
    event: PurchaseChanged, program: Program, old: Entry, agreed: Agreed | None = None
) -> tuple[Entry, Doubt | None]:
    """What a purchase gives once it has changed, and why it waits. `agreed` is what was just confirmed of it."""
    agreed = agreed or old.agreed
    if agreed is None and event.after is not None:
        at_once = weighed_at_once(event.after, program)
        if at_once is not None:
            return at_once, None
    new, doubt = weighed(event.after, program, agreed, old)
    if doubt is not None and old.counts and agreed is None and event.before is not None:
        return weighed(event.after, program, _counted_before(event.before, program), old)
    return new, doubt


def beyond_its_day(
    customer: Customer, event: PurchaseChanged, old: Entry, new: Entry, program: Program
) -> Doubt | None:
    """Why a purchase waits that gives something for the first time: its customer has had so many on that day already.

    Of a number that cashiers type for everybody, or the cashier's own card. What a person has confirmed does not wait,
    nor does what was before: a list of it is not looked through one by one.
    """
    most = program.review_above.per_day
    if most is None or old.counts or not new.counts or new.agreed is not None or is_history(event):
        return None
    so_far = purchases_on(customer.days, customer.last_day, new.day) if customer.visits else 0
    return Doubt("per_day", so_far + 1, most) if so_far >= most else None


def laid_by(purchase: Purchase) -> Entry:
    """What a purchase gives while it waits for a person."""
    return Entry(day=0, spend=0, profit=0, counts=0, held=encode_held(purchase))


def _counted_before(purchase: Purchase, program: Program) -> Agreed | None:
    """How large a purchase was that counts, though it would have to wait by the programme now in force.

    It is not asked about because a part of it was given back. None if it would not have to wait.
    """
    entry = entry_for(purchase, program)
    doubt = doubt_of(purchase, entry, program)
    return None if doubt is None or doubt.kind == "rate" else size_of(purchase, entry, program)


def waiting_of(entry: Entry, doubt: Doubt, program: Program, at: Millis) -> Waiting:
    """What the list says of a purchase that is held back in `entry` since that moment."""
    purchase = decode_held(entry.held)
    return Waiting(
        since=at,
        occurred_at=purchase.occurred_at,
        store=purchase.store,
        pieces=pieces_of(purchase),
        spend=purchase.spend,
        currency=purchase.currency,
        why=doubt,
        why_currency=program.currency,
        seen=digest_of_held(entry.held),
    )


def pieces_of(purchase: Purchase) -> int:
    """Of the line with the most; what has begun counts as a piece."""
    most = 0
    for line in purchase.lines:
        quantity = line.quantity if line.quantity >= 0 else -line.quantity
        most = max(most, quantity)
    return -(-most // PIECE)


def _amount_of(purchase: Purchase, entry: Entry, program: Program) -> Minor:
    """The largest amount in it, whichever sign; 0 where its money is not summed for want of a rate."""
    ours = converted(purchase, program.currency, program.rates, entry.day)
    if ours is None:
        return 0
    most = abs(ours.spend)
    for line in ours.lines:
        most = max(most, abs(line.gross))
        if line.cost is not None and abs(line.cost) > most:
            most = abs(line.cost)
        if line.tax is not None and abs(line.tax) > most:
            most = abs(line.tax)
    return most


def _rewards_in_doubt(entry: Entry, program: Program) -> Doubt | None:
    together = 0
    for card, raw in entry.stamps.items():
        definition = program.cards[card]
        if raw <= definition.stamps_required:
            together += 1
            continue
        rewards = _completes(raw, definition)
        together += rewards
        most = program.most_rewards if definition.most_rewards is None else definition.most_rewards
        if rewards > most:
            return Doubt("rewards", rewards, most, card)
    return Doubt("rewards", together, MOST_COMPLETED) if together > MOST_COMPLETED else None


def _completes(raw: int, card: CardDefinition) -> int:
    """Cards that so many stamps complete at most, whatever is on the card already."""
    counted = raw if card.max_per_day is None else min(raw, card.max_per_day)
    return -(-counted // card.stamps_required)

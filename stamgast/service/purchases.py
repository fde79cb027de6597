"""A purchase that changed, and a person's word on one that waits."""

import msgspec
from msgspec import Struct

from stamgast.domain.counters import Counter
from stamgast.domain.earning import entry_for
from stamgast.domain.events import Purchase, PurchaseChanged, PurchaseReviewed, RateKnown, is_history
from stamgast.domain.ledger import Agreed, Entry, decode_held, digest_of_held
from stamgast.domain.purchase_effects import Applied, apply_purchase
from stamgast.domain.review import encode_waiting, rate_wanting, size_of, waiting_of
from stamgast.domain.stamps import MOST_COMPLETED
from stamgast.service import measuring, receipts, referrals, remembering, shop_counts
from stamgast.service.case import Case
from stamgast.service.reversals import take_back
from stamgast.service.rules import fall_back, fire, let_cards_answer
from stamgast.service.stages import restage
from stamgast.service.worth import worth, worth_facts


class Heard(Struct, frozen=True, omit_defaults=True):
    """The answer to a person's word on a purchase: an HTTP status, and what became of it."""

    status: int
    detail: str
    customer: str = ""


_encode = msgspec.json.Encoder().encode
decode_heard = msgspec.json.Decoder(Heard).decode


def purchase_changed(case: Case, event: PurchaseChanged, agreed: Agreed | None = None) -> None:
    """Bring what a transaction gives into line with what is left of it. `agreed` is what was just confirmed of it."""
    customer, before, after = case.customer, event.before, event.after
    case.receipt = event.transaction
    case.late = _is_late(case, event)
    stood = shop_counts.stood(case)
    _, profit, spend, *_ = stood
    bundle = case.context.bundle
    worth_before = worth(case) if bundle.minds_worth else {}
    was_before = remembering.before(case) if bundle.minds_purchases else None
    applied = apply_purchase(customer, event, case.program, case, rules=bundle.rules, agreed=agreed)
    facts = applied.facts
    if worth_before:
        facts += worth_facts(case, worth_before, after)
    if was_before is not None:
        facts += remembering.facts_since(case, was_before, event, applied)
    if before is not None and before.counts and not applied.new.counts:
        take_back(case, event.transaction)
        receipts.changed(case, event)
    # Not for whatever falls: a purchase that only adds may lower a prediction, and takes nothing back.
    if before is not None or customer.profit < profit or customer.spend < spend:
        fall_back(case, facts)
    if after is None:
        left = _without_purchase(case, applied.old.fired)
    else:
        left = applied.new
        left.fired = applied.old.fired
    case.write_entry(event.transaction, left)
    if customer.watched or customer.delivered:
        measuring.purchase(case, event, applied.old, applied.new)
    if applied.doubt is not None or applied.old.held:
        _keep_the_list(case, event.transaction, applied)
    if customer.referral is not None:
        referrals.follow(case, event, applied.new)
    facts += restage(case, after)
    for card, by in applied.balances.items():
        shop_counts.stamps(case, card, customer.cards[card].balance, by)
    shop_counts.purchase(case, event, applied, stood)
    (let_cards_answer if is_history(event) else fire)(case, facts)


def _is_late(case: Case, event: PurchaseChanged) -> bool:
    happened = event.happened_at
    if happened is None and event.after is not None:
        happened = event.after.occurred_at
    return happened is not None and case.at - happened > case.program.fresh_for


def purchase_reviewed(case: Case, event: PurchaseReviewed) -> None:
    """Let a purchase that waits count as if it came now, or for nothing."""
    heard = _hear(case, event)
    if event.id:
        case.change.answers[event.id] = _encode(heard)


def rate_known(case: Case, event: RateKnown) -> None:
    """Weigh a purchase that waits for a rate anew, unless the till has changed it meanwhile."""
    entry = case.entry(event.transaction)
    if entry is not None and entry.held and digest_of_held(entry.held) == event.seen:
        purchase_changed(case, _as_news(event, decode_held(entry.held)))


def _hear(case: Case, event: PurchaseReviewed) -> Heard:
    entry = case.entry(event.transaction)
    if entry is None or not entry.held:
        return Heard(404, "It does not wait: it was confirmed, voided or corrected meanwhile.", case.customer_id)
    if digest_of_held(entry.held) != event.seen:
        return Heard(409, "The till has changed it meanwhile: look at it again.", case.customer_id)
    if event.verdict == "void":
        case.write_entry(event.transaction, msgspec.structs.replace(entry, held=b"", agreed=None))
        _leave_the_list(case, event.transaction)
        return Heard(200, "Void: it counts for nothing, unless the till corrects it.", case.customer_id)
    purchase = decode_held(entry.held)
    gives = entry_for(purchase, case.program)
    doubt = rate_wanting(purchase, gives, case.program)
    if doubt is not None:
        detail = f"It cannot be confirmed: {doubt.in_words(case.program.currency)}. It counts once one is published."
        return Heard(422, detail, case.customer_id)
    size = size_of(purchase, gives, case.program)
    if size.rewards > MOST_COMPLETED:
        detail = (
            f"It could bring {size.rewards:,} rewards; {MOST_COMPLETED} are the most. Void it, or correct the sale."
        )
        return Heard(422, detail, case.customer_id)
    purchase_changed(case, _as_news(event, purchase), size)
    late = " It is old news by now: rules that mind that send nothing." if case.late else ""
    return Heard(200, f"Confirmed: it counts from now on.{late}", case.customer_id)


def _as_news(event: PurchaseReviewed | RateKnown, purchase: Purchase) -> PurchaseChanged:
    return PurchaseChanged(
        merchant=event.merchant,
        customer=event.customer,
        at=event.at,
        transaction=event.transaction,
        before=purchase,
        after=purchase,
    )


def _without_purchase(case: Case, fired: bytes) -> Entry | None:
    """What the ledger keeps of one that went to somebody else: the rules that fired for it."""
    if not fired:
        return None
    case.customer.moved = True
    return Entry(day=0, spend=0, profit=0, counts=0, fired=fired)


def _keep_the_list(case: Case, transaction: str, applied: Applied) -> None:
    if applied.doubt is not None:
        waiting = waiting_of(applied.new, applied.doubt, case.program, case.at)
        case.change.reviews[transaction] = encode_waiting(waiting)
        if not applied.old.held:
            case.count(Counter.WAITING_FOR_REVIEW)
    elif applied.old.held:
        _leave_the_list(case, transaction)


def _leave_the_list(case: Case, transaction: str) -> None:
    case.change.reviews[transaction] = None
    case.count(Counter.WAITING_FOR_REVIEW, -1)

"""Friends: whoever was invited tells who invited them of their purchase, and both get what that is worth.

Each changes their own state alone. What the other is to hear is in `Change.tells`, which the owner of the partition
appends to the other's stream before it commits; whatever is told twice is heard once, by its number.
"""

from typing import Final

from rules.actions import Give
from stamgast.domain.brought import name_of
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.events import Enrolled, Erased, PurchaseChanged
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import Entry, NotReadError
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.domain.referrals import (
    INVITED,
    MOST_BETWEEN,
    Became,
    Friend,
    Referral,
    ReferralRules,
    Refused,
    code_of,
    decode_friend,
    encode_friend,
    field_of_friend,
    is_of_friend,
    occasion_of,
)
from stamgast.domain.units import Minor
from stamgast.domain.vocabulary import FactName
from stamgast.service import deeds, telling
from stamgast.service.case import Case
from stamgast.service.reversals import take_back
from stamgast.service.rules import fire

NOBODY: Final = Referral()


def keep_code(case: Case) -> None:
    """Let the customer have a code, which can be looked up from now on."""
    referral = case.customer.referral
    if case.program.referral is None or case.customer.erased_at or (referral is not None and referral.code):
        return
    context = case.context
    code = code_of(context.voucher_key, context.partition, case.program.merchant, case.customer_id)
    _known(case).code = code
    case.change.codes[code] = case.customer_id


def invited(case: Case, event: Enrolled) -> None:
    """Somebody joined by a friend's code: note who invited them, or why that brings nothing."""
    if not event.invited_by and not event.invitation_refused:
        return
    referral = case.customer.referral or NOBODY
    if referral.by and referral.by == event.invited_by:
        return  # told twice
    refused = event.invitation_refused or _why_not(case, event, referral)
    if refused:
        _refuse(case, refused)
        return
    known = _known(case)
    known.by, known.through, known.invited_at = event.invited_by, list(event.invited_through[:MOST_BETWEEN]), case.at
    _tell_of(case, Became.INVITED)


def _why_not(case: Case, event: Enrolled, referral: Referral) -> str:
    customer, rules = case.customer, case.program.referral
    if rules is None:
        return Refused.NO_PROGRAMME
    if event.invited_by == case.customer_id:
        return Refused.OWN
    if case.customer_id in event.invited_through:
        return Refused.CIRCLE
    if referral.by:
        return Refused.INVITED_ALREADY
    long_since = customer.joined_at and case.at - customer.joined_at > rules.window
    if customer.purchases or customer.first_day or long_since:
        return Refused.NOT_NEW
    return ""


def follow(case: Case, event: PurchaseChanged, new: Entry) -> None:
    """What a change of their own purchase is to whoever was invited. `new` is what it gives now."""
    referral, rules = case.customer.referral, case.program.referral
    if referral is None or not referral.by:
        return
    spend, counts = new.spend, new.counts > 0
    if referral.transaction == event.transaction:
        least = 0 if rules is None else rules.least
        if not counts or spend < least:
            _count_no_more(case, event, referral)
    elif rules is not None and not referral.transaction and counts and _is_enough(event, spend, rules, referral):
        _count(case, event, referral, rules)


def _is_enough(event: PurchaseChanged, spend: Minor, rules: ReferralRules, referral: Referral) -> bool:
    after = event.after
    if after is None or after.history or spend < rules.least:
        return False
    return after.occurred_at <= referral.invited_at + rules.window


def _count(case: Case, event: PurchaseChanged, referral: Referral, rules: ReferralRules) -> None:
    referral.transaction = event.transaction
    _tell(case, referral, event, counts=True)
    if rules.friend_reward is not None and not case.customer.erased_at:
        deeds.give(case, Give(rules.friend_reward), _own_fact(event), "", INVITED)


def _count_no_more(case: Case, event: PurchaseChanged, referral: Referral) -> None:
    referral.transaction = ""
    _tell(case, referral, event, counts=False)
    take_back(case, INVITED)


def _own_fact(event: PurchaseChanged) -> Fact:
    return Fact(FactName.FRIEND_BOUGHT, INVITED, purchase=event.after)


def _tell(case: Case, referral: Referral, event: PurchaseChanged, *, counts: bool) -> None:
    referral.told += 1
    happened = event.happened_at
    if happened is None:
        happened = case.at if event.after is None else event.after.occurred_at
    case.change.tells.append(
        FriendBought(
            merchant=case.program.merchant,
            customer=referral.by,
            at=case.at,
            friend=case.customer_id,
            number=referral.told,
            counts=counts,
            happened_at=min(happened, case.at),
        )
    )


def heard(case: Case, event: FriendBought) -> None:
    """A friend bought, or gave it back. Raises NotReadError."""
    referral = case.customer.referral
    if referral is not None and referral.into:
        case.change.tells.append(_to(event, referral.into))
        return
    field = field_of_friend(event.friend)
    stored = case.stored(field)
    if stored is None:
        raise NotReadError([field])
    friend = decode_friend(stored) if stored else Friend(event.friend, 0, counts=False)
    if event.number <= friend.number:
        return
    known, counted = _known(case), friend.counts
    friend.number = event.number
    case.late = bool(event.happened_at) and case.at - event.happened_at > case.program.fresh_for
    if event.counts and not counted:
        _gain(case, known, friend)
    elif counted and not event.counts:
        _lose(case, known, friend)
    case.store(field, encode_friend(friend))


def _gain(case: Case, known: Referral, friend: Friend) -> None:
    rules, month = case.program.referral, _month(case)
    if known.month != month:
        known.month, known.in_month = month, 0
    if rules is None or known.by == friend.id:
        _refuse(case, Refused.CIRCLE if known.by == friend.id else Refused.NO_PROGRAMME, friend.id)
        return
    if rules.most_per_month is not None and known.in_month >= rules.most_per_month:
        _refuse(case, Refused.TOO_MANY, friend.id)
        return
    friend.counts, friend.month = True, month
    known.friends += 1
    known.in_month += 1
    _tell_of(case, Became.COUNTED, friend=friend.id)
    fact = Fact(FactName.FRIEND_BOUGHT, occasion_of(friend.id), data={"friend": friend.id})
    if rules.reward is not None and not case.customer.erased_at:
        deeds.give(case, Give(rules.reward), fact, "", fact.occasion)
    fire(case, [fact])


def _lose(case: Case, known: Referral, friend: Friend) -> None:
    friend.counts = False
    known.friends -= 1
    if known.month == friend.month:
        known.in_month -= 1
    _tell_of(case, Became.TAKEN_BACK, friend=friend.id)
    take_back(case, occasion_of(friend.id))


def given(case: Case, event: FriendGiven) -> None:
    """What the other's rule gives for a purchase; nothing if that counts no more, or was another's doing."""
    referral = case.customer.referral
    if referral is None or not referral.transaction or case.customer.erased_at:
        return
    if event.reward not in case.program.rewards:
        return
    action = Give(event.reward, event.valid_for or None)
    deeds.give(case, action, Fact(FactName.FRIEND_BOUGHT, INVITED), event.rule, INVITED)
    fire(case, [])


def left(case: Case, event: Erased) -> None:
    """The customer was forgotten, or is another one now: nobody is invited by their code, or by the other's.

    Whoever they are now hears of their friends anew. Raises NotReadError.
    """
    referral = case.customer.referral
    if referral is None:
        return
    if referral.code:
        case.change.codes[referral.code] = event.into or None
        referral.code = ""
    if not event.into or referral.into:
        return
    referral.into = event.into
    for field, value in [*case.whole_ledger()]:
        if is_of_friend(field):
            friend = decode_friend(value)
            if friend.counts:
                take_back(case, occasion_of(friend.id))
                told = FriendBought(
                    merchant=case.program.merchant, customer=event.into, at=case.at,
                    friend=friend.id, number=friend.number, counts=True,
                )  # fmt: skip
                case.change.tells.append(told)


def _to(event: FriendBought, customer: str) -> FriendBought:
    return FriendBought(
        merchant=event.merchant,
        customer=customer,
        at=event.at,
        friend=event.friend,
        number=event.number,
        counts=event.counts,
        happened_at=event.happened_at,
    )


def _known(case: Case) -> Referral:
    referral = case.customer.referral
    if referral is None:
        referral = case.customer.referral = Referral()
    return referral


def _month(case: Case) -> int:
    day = date_of(business_day(case.at, case.program.time_zone))
    return day.year * 12 + day.month


def _refuse(case: Case, why: str, friend: str = "") -> None:
    _known(case).refused = why
    _tell_of(case, Became.REFUSED, why, friend)


def _tell_of(case: Case, became: Became, reason: str = "", friend: str = "") -> None:
    case.count(name_of(became, reason))
    telling.referral(case, became, reason, friend)

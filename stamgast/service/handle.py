"""Apply a customer's events one after another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rules.actions import Give
from stamgast.domain import stamp_days
from stamgast.domain.activation import Activation
from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.code_events import CodeGiven
from stamgast.domain.conversation import Conversation
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Customer
from stamgast.domain.days import first_of, is_whole
from stamgast.domain.draw_events import DrawnFor, EntriesMoved, PrizeDeclined
from stamgast.domain.earning import day_of
from stamgast.domain.errors import DomainError
from stamgast.domain.events import (
    ActivationOutcome,
    AnyEvent,
    CalledOff,
    CodeAsked,
    ConsentChanged,
    Enrolled,
    Erased,
    MessagePriced,
    OptedIn,
    OptedOut,
    OwnEvent,
    PurchaseChanged,
    PurchaseReviewed,
    RateKnown,
    Replied,
    Reviewed,
    Scheduled,
    TimerDue,
)
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import field_of
from stamgast.domain.program import Program
from stamgast.domain.purchases import MEMORY
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.domain.till_events import (
    RedemptionTakenBack,
    StampsHanded,
    StampsHandedBack,
    VoucherRedeemed,
    VoucherVoided,
)
from stamgast.domain.units import Millis
from stamgast.domain.value_bins import NEVER_BOUGHT
from stamgast.domain.vocabulary import ActivationState, FactName, Reason, Stage
from stamgast.service import (
    added_stamps,
    alerts,
    at_hand,
    awaited,
    codes_given,
    conversation,
    deeds,
    drawn,
    draws,
    handed,
    measuring,
    outcomes,
    own_events,
    paid,
    plans,
    prices,
    referrals,
    remembering,
    schedules,
    segments,
    shop_codes,
    telling,
    voiding,
)
from stamgast.service.case import Case, Context
from stamgast.service.change import Change
from stamgast.service.due import run_due_timers
from stamgast.service.erasure import erase
from stamgast.service.purchases import purchase_changed, purchase_reviewed, rate_known
from stamgast.service.reversals import drop_waiting
from stamgast.service.rules import answer_what_was_given, fire
from stamgast.service.stages import restage
from stamgast.service.tags import change_tags
from stamgast.service.vouchers import redeem, take_redemption_back
from stamgast.service.watched import watch_opt_out

ALL: Final = None
"""`ledger_keys` answers this when the events need the customer's whole ledger."""

MOST_CONSENTS: Final = 50
"""Purposes and channels that one customer agrees to."""


def handle(
    state: Customer | None,
    customer_id: str,
    events: Sequence[AnyEvent],
    context: Context,
    ledger: Mapping[bytes, bytes],
) -> Change:
    """Apply `events` (of one customer, in log order) to a freshly decoded state, which it changes and returns.

    `ledger` holds at least the entries that `ledger_keys` named. `event.at` never goes back (the owner sees
    to that). Raises `DomainError` for an event that cannot be applied, and `NotReadError` if more of the ledger is
    needed than a `Part` holds; nothing of the result is usable then.
    """
    customer = state or Customer()
    case = Case(customer, customer_id, context, ledger)
    if customer_id == STAFF_ROOM:
        return alerts.tell_staff(case, events)
    if state is None:
        case.count(Counter.CUSTOMERS)
        case.count(counter(Counter.STAGE, Stage.NEW))
        case.count(NEVER_BOUGHT)
    bundle = context.bundle
    keeps, plans_anew = bundle.keeps or _has_kept(customer), bundle.plans
    program = bundle.program
    minds_segments = bool(bundle.rules.segments or customer.segments)
    takes_stock = keeps or minds_segments or program.referral is not None
    for event in events:
        case.begin(event.at)
        if takes_stock:
            _take_stock(case, keeps=keeps, minds_segments=minds_segments, is_new=state is None)
        before = len(case.change.submissions)
        _APPLY.get(type(event), _is_none)(case, event)
        if case.expired:
            expired, case.expired = case.expired, []
            fire(case, expired)
        if minds_segments:
            segments.follow(case, event)
        if program.questions:
            conversation.open_asked(case, before)
        if bundle.codes or customer.vouchers or customer.apart is not None:
            _tidy_vouchers(case)
        if plans_anew:
            awaited.plan(case)
    return case.finish()


def _take_stock(case: Case, *, keeps: bool, minds_segments: bool, is_new: bool) -> None:
    """Note how the customer stands before the event, where something asks for that."""
    if keeps:
        remembering.take_stock(case)
    if minds_segments:
        segments.take_stock(case, is_new=is_new)
    referrals.keep_code(case)


def _tidy_vouchers(case: Case) -> None:
    if case.context.bundle.codes:
        shop_codes.follow(case)
    if case.customer.vouchers or case.customer.apart is not None:
        at_hand.tidy(case)


def hand_out(state: Customer | None, customer_id: str, reward: str, at: Millis, context: Context) -> Change:
    """Give a reward for no reason but that a rule's test says so."""
    case = Case(state or Customer(), customer_id, context, {})
    case.begin(at)
    cause = f"test:{at}:{len(case.customer.vouchers)}"
    deeds.give(case, Give(reward), Fact(FactName.REWARD_GIVEN, cause), "", cause)
    answer_what_was_given(case)
    awaited.plan(case)
    return case.finish()


def _has_kept(customer: Customer) -> bool:
    """Whether the state holds what another programme asked for."""
    return (
        customer.spending is not None
        or customer.tier is not None
        or bool(customer.bought or customer.given_tiers or customer.lately)
    )


def ledger_keys(state: Customer | None, events: Sequence[AnyEvent], program: Program) -> list[bytes] | None:
    """Which ledger fields the events need: those of changed or very old purchases, and of the days that those move.

    `ALL` (None) for the lot: where a card has a daily cap, and what its older days earned is not known yet.
    What is not foreseen here is asked for by `NotReadError`.
    """
    fields: list[bytes] = []
    for event in events:
        if type(event) is not PurchaseChanged:
            if type(event) is PurchaseReviewed or type(event) is RateKnown:
                fields.append(field_of(event.transaction))
            continue
        known = event.before is not None or (state is not None and state.moved)
        is_old = known or bool(event.after and event.at - event.after.occurred_at > MEMORY)
        if is_old:
            fields.append(field_of(event.transaction))
        if state is not None and (is_old or program.capped_cards):
            of_days = _fields_of_days(state, event, program)
            if of_days is None:
                return ALL
            fields += of_days
    return fields


def _fields_of_days(state: Customer, event: PurchaseChanged, program: Program) -> list[bytes] | None:
    """Those of the days of which a purchase was and is, on capped cards; None: no more is known of such a day."""
    fields: list[bytes] = []
    for day in [day_of(each, program) for each in (event.before, event.after) if each is not None]:
        if state.days and day <= first_of(state.days) and not is_whole(state.days, state.visits):
            return None
        for id_ in program.capped_cards:
            card = state.cards.get(id_)
            if card is None or day >= card.day:
                continue
            if card.by_day is None:
                return None
            number = stamp_days.block_needed(card, day)
            if number is not None:
                fields.append(stamp_days.field_of_block(list(state.cards).index(id_), number))
    return fields


def _enrolled(case: Case, event: Enrolled) -> None:
    customer = case.customer
    if customer.erased_at:
        return
    referrals.invited(case, event)
    customer.language = event.language or customer.language
    customer.source = event.acquisition_source or customer.source
    customer.birthday = event.birthday or customer.birthday
    if event.phone and event.phone != customer.dead_phone:
        customer.dead_phone = ""
    if event.tags:
        change_tags(case, add=event.tags)
    if event.asked:
        talk = customer.conversation = customer.conversation or Conversation()
        talk.asked = {name: max(at, talk.asked.get(name, 0)) for name, at in event.asked.items()} | {
            name: at for name, at in talk.asked.items() if name not in event.asked
        }
    if not customer.joined_at:
        customer.joined_at = min(event.since or case.at, case.at)
        case.count(Counter.JOINED)
        telling.entry(case)
        if not event.since:
            added_stamps.welcome(case)
            fire(case, [Fact(FactName.JOINED, "customer")])


def _consent_changed(case: Case, event: ConsentChanged) -> None:
    key = f"{event.purpose}:{event.channel}"
    if case.customer.erased_at:
        return
    if event.topic:
        _topic_changed(case, event)
    elif event.granted:
        if key not in case.customer.consents and len(case.customer.consents) >= MOST_CONSENTS:
            raise DomainError(f"nobody agrees to more than {MOST_CONSENTS} purposes and channels")
        case.customer.consents.setdefault(key, min(event.since or case.at, case.at))
    elif case.customer.consents.pop(key, None) is not None:
        drop_waiting(
            case, Reason.NO_CONSENT, lambda a: a.purpose == event.purpose and _depends_on(case, a, event.channel)
        )


def _topic_changed(case: Case, event: ConsentChanged) -> None:
    """A topic was left, or come back to. One that the programme has no more may still be come back to."""
    left, program = case.customer.left, case.program
    if event.granted:
        case.customer.left = {topic: since for topic, since in left.items() if topic != event.topic}
    elif event.topic in program.topics and event.topic not in left:
        kept = {topic: since for topic, since in left.items() if topic in program.topics}
        case.customer.left = kept | {event.topic: case.at}
        about = {name for name, topics in program.topics_of_templates.items() if event.topic in topics}
        drop_waiting(case, Reason.TOPIC_LEFT, lambda each: each.template in about)


def _depends_on(case: Case, activation: Activation, channel: str) -> bool:
    """A message on its way depends on its channel; one that waits goes over any other that was agreed to."""
    if activation.state == ActivationState.SUBMITTED:
        return activation.channel == channel
    if not activation.template:  # nothing is said: asked when its time has come
        return False
    channels = (activation.channel, *activation.other_channels)
    return not any(f"{activation.purpose}:{each}" in case.customer.consents for each in channels)


def _opted_out(case: Case, _event: OptedOut) -> None:
    if case.customer.conversation is not None:
        case.customer.conversation.question = None
    if not case.customer.stopped_at:
        case.customer.stopped_at = case.at
        case.count(Counter.OPTED_OUT)
        watch_opt_out(case)
        measuring.opted_out(case)
    drop_waiting(case, Reason.OPTED_OUT, lambda _: True)


def _opted_in(case: Case, _event: OptedIn) -> None:
    if case.customer.stopped_at:
        case.customer.stopped_at = 0
        case.count(Counter.OPTED_OUT, -1)


def _erased(case: Case, event: Erased) -> None:
    referrals.left(case, event)
    erase(case, event)


def _timer_due(case: Case, event: TimerDue) -> None:
    case.late = case.at - event.due > case.program.timers_fresh_for
    run_due_timers(case, event.due)


def _reviewed(case: Case, _event: Reviewed) -> None:
    plans.plan_anew(case)
    fire(case, restage(case))


def _is_none(_case: Case, event: AnyEvent) -> None:
    raise DomainError(f"{type(event).__name__} is not an event of a customer")


_APPLY: dict[type, Callable[[Case, Any], None]] = {
    PurchaseChanged: purchase_changed,
    PurchaseReviewed: purchase_reviewed,
    RateKnown: rate_known,
    Enrolled: _enrolled,
    ConsentChanged: _consent_changed,
    OptedOut: _opted_out,
    OptedIn: _opted_in,
    Erased: _erased,
    Replied: conversation.replied,
    CodeAsked: conversation.code_asked,
    VoucherRedeemed: redeem,
    RedemptionTakenBack: take_redemption_back,
    VoucherVoided: voiding.voided,
    StampsHanded: handed.give,
    StampsHandedBack: handed.take_back,
    ActivationOutcome: outcomes.settle,
    MessagePriced: prices.priced,
    OwnEvent: own_events.happened,
    DrawnFor: drawn.drawn,
    PrizeDeclined: drawn.declined,
    BudgetAnswered: paid.answered,
    CodeGiven: codes_given.given,
    Scheduled: schedules.occasion_came,
    CalledOff: schedules.called_off,
    FriendBought: referrals.heard,
    FriendGiven: referrals.given,
    EntriesMoved: draws.moved_in,
    TimerDue: _timer_due,
    Reviewed: _reviewed,
}

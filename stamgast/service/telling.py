"""What is told of a customer on `facts.v1`, in the commit that makes it so."""

from typing import Final

from stamgast.domain.activation import Activation
from stamgast.domain.budgets import For, Mills
from stamgast.domain.customer import Notice, Voucher
from stamgast.domain.facts import Fact
from stamgast.domain.referrals import occasion_of
from stamgast.domain.till_events import StampsHanded, StampsHandedBack, VoucherRedeemed
from stamgast.domain.told import (
    OF_QUESTION,
    Arm,
    DecisionLine,
    Line,
    Moved,
    StageLine,
    StampsLine,
    Told,
    name_of_voucher,
    public,
)
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import FactName, Reason, StepKind, VoucherState
from stamgast.domain.voucher_terms import NO_USE, Use
from stamgast.service.case import Case

# Said once, and as plain words: members are slower to look up, and to encode.
_STAMPS: Final = Told.STAMPS.value
_VOUCHER: Final = Told.VOUCHER.value
_STAGE: Final = Told.STAGE.value
_TIER: Final = Told.TIER.value
_ENTRY: Final = Told.ENTRY.value
_REFERRAL: Final = Told.REFERRAL.value
_ANSWER: Final = Told.ANSWER.value
_DECISION: Final = Told.DECISION.value
_HELD_OUT: Final = Arm.HELD_OUT.value
_WITHHELD: Final = Arm.WITHHELD.value
_HOLDOUT: Final = Reason.HOLDOUT
STEPS: Final[dict[str, str]] = {
    FactName.STAMPS_CHANGED.value: StepKind.STAMPED.value,
    FactName.STAMP_CARD_COMPLETED.value: StepKind.COMPLETED.value,
    FactName.STAMP_CARD_UNCOMPLETED.value: StepKind.UNCOMPLETED.value,
    FactName.STAMPS_TAKEN.value: StepKind.TAKEN.value,
}
"""Fact about a card -> how it moved."""


def stamps(case: Case, fact: Fact) -> None:
    """A card moved."""
    data = fact.data
    case.change.told.append(
        StampsLine(
            _STAMPS, STEPS[fact.name], case.program.merchant, case.customer_id, case.at,
            case.receipt, data["card"], data["ordinal"], fact.before, fact.after, data.get("cards", 1),
        )
    )  # fmt: skip


def stamps_ran_out(case: Case, card: str, ordinal: int, stamps: int) -> None:
    """A card's stamps ran out."""
    case.change.told.append(
        StampsLine(
            _STAMPS, StepKind.EXPIRED.value, case.program.merchant, case.customer_id, case.at,
            case.receipt, card, ordinal, stamps, 0,
        )
    )  # fmt: skip


def stamps_warned_of(case: Case, card: str, ordinal: int, stamps: int) -> None:
    """Somebody was told when a card's stamps run out: what shows the card shows the day from now on."""
    case.change.told.append(
        StampsLine(
            _STAMPS, StepKind.WARNED.value, case.program.merchant, case.customer_id, case.at,
            case.receipt, card, ordinal, stamps, stamps,
        )
    )  # fmt: skip


def by_hand(case: Case, event: StampsHanded | StampsHandedBack, became: str, stamps: int, card: str = "") -> None:
    """A till gave stamps, or took them back."""
    case.change.told.append(
        Line(
            kind=Told.BY_HAND,
            became=became,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            card=event.card if isinstance(event, StampsHanded) else card,
            count=stamps,
            reason=event.reason if isinstance(event, StampsHanded) else "",
            till=event.till,
            operator_id=event.operator_id,
        )
    )


def voucher(  # noqa: PLR0917
    case: Case, which: Voucher, became: str, use: Use = NO_USE, by: VoucherRedeemed | None = None, reason: str = ""
) -> None:
    """A voucher was given, or became something else; `use`: what is told of its use, `by`: what the till asked."""
    reward = case.program.rewards.get(which.reward)
    discount = use.discount if which.terms is not None and which.terms.worth is not None and use is not NO_USE else None
    cost = None if reward is None else reward.cost
    case.change.told.append(
        Line(
            kind=_VOUCHER,
            became=became,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            rule=which.of_rule,
            reward=which.reward,
            voucher=name_of_voucher(which.known_as),
            cause=public(which.cause),
            cost=cost if discount is None else discount,
            value=None if reward is None else reward.value,
            ends=which.expires_at,
            till=by.till if by else "",
            operator_id=by.operator_id if by else "",
            used_on=use.receipt,
            discount=discount,
            total=use.total,
            reason=reason,
        )
    )


def ended_apart(case: Case, reward_id: str, count: int) -> None:
    """Vouchers that are kept apart ended together."""
    reward = case.program.rewards.get(reward_id)
    case.change.told.append(
        Line(
            kind=_VOUCHER,
            became=VoucherState.EXPIRED,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            reward=reward_id,
            cost=None if reward is None else reward.cost,
            value=None if reward is None else reward.value,
            count=count,
        )
    )


def stage(case: Case, was: str, became: str) -> None:
    """The customer stands elsewhere now."""
    case.change.told.append(
        StageLine(_STAGE, became, case.program.merchant, case.customer_id, case.at, case.receipt, was),
    )


def referral(case: Case, became: str, reason: str, friend: str) -> None:
    """The customer was invited, or a friend of theirs counts, or that was refused."""
    case.change.told.append(
        Line(
            kind=_REFERRAL,
            became=became,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            reason=reason,
            occasion=occasion_of(friend) if friend else "",
        )
    )


def tier(case: Case, fact: Fact) -> None:
    """The customer has another tier now."""
    case.change.told.append(
        Line(
            kind=_TIER,
            became=fact.data["tier"],
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            was=fact.data["was"],
            rule=fact.data.get("rule", ""),
        )
    )


def segment(case: Case, fact: Fact) -> None:
    """The customer came into a segment, or left it."""
    case.change.told.append(
        Line(
            kind=Told.SEGMENT,
            became="entered" if fact.name == FactName.SEGMENT_ENTERED else "left",
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            segment=fact.data["segment"],
        )
    )


def entry(case: Case) -> None:
    """The customer joined."""
    case.change.told.append(
        Line(
            kind=_ENTRY,
            became="joined",
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
        )
    )


def answer(case: Case, keyword: str, channel: str) -> None:
    """The customer wrote something that means this; what else they wrote is not told."""
    case.change.told.append(
        Line(
            kind=_ANSWER,
            became=keyword,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            channel=channel,
        )
    )


def answered(case: Case, question: str, became: str, channel: str, rule: str) -> None:
    """The customer answered a question of the rule's; of a free text it is not told what it says."""
    case.change.told.append(
        Line(
            kind=_ANSWER,
            became=became,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            channel=channel,
            rule=rule,
            cause=OF_QUESTION + question,
        )
    )


def decision(  # noqa: PLR0917
    case: Case, arm: str, rule: str, occasion: str, reason: str = "", about: Activation | None = None, due: Millis = 0
) -> None:
    """What a rule came to; `due` is when the time comes that it waits for."""
    channel, activation, variant, step = "", "", "", ""
    if about is not None:
        channel, activation, plan = about.channel, about.id, about.plan
        if plan is not None:
            variant, step = plan.variant, plan.step
    case.change.told.append(
        DecisionLine(
            _DECISION, arm, case.program.merchant, case.customer_id, case.at,
            case.receipt, rule, channel, public(occasion), reason, activation, variant, step, due,
        )
    )  # fmt: skip


def withheld(case: Case, activation: Activation, reason: str, due: Millis = 0) -> None:
    """A message will not go: the customer is among those held out, or something stands in its way."""
    if not activation.rule:
        return  # an answer of the house: no rule decided anything
    arm = _HELD_OUT if reason == _HOLDOUT else _WITHHELD
    decision(case, arm, activation.rule, activation.occasion, "" if arm is _HELD_OUT else reason, activation, due)


def notice(case: Case, arm: str, about: Notice, reason: str = "") -> None:
    """What becomes of something that staff are to be told."""
    case.change.told.append(
        Line(
            kind=Told.NOTICE,
            became=arm,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            rule=about.rule,
            cause=public(about.cause) if about.cause != about.occasion else "",
            occasion=public(about.occasion),
            reason=reason,
            activation=about.id,
            staff=about.staff,
        )
    )


def money(case: Case, budget: str, mills: Mills, what: For) -> None:
    """A budget, in one of its times, paid so much; below zero: so much came back."""
    case.change.told.append(
        Line(
            kind=Told.BUDGET,
            became=Moved.SPENT if mills > 0 else Moved.CAME_BACK,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            rule=what.rule,
            activation=what.activation,
            voucher=name_of_voucher(what.code) if what.code else "",
            budget=budget,
            mills=abs(mills),
        )
    )


def of_draw(case: Case, which: str, became: str, entry: str = "", **told: str) -> None:
    """What became of an entry of a draw, or of whoever took part in it."""
    case.change.told.append(
        Line(
            kind=Told.DRAW,
            became=became,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            receipt=case.receipt,
            draw=which,
            entry=entry,
            **told,  # type: ignore[arg-type]
        )
    )


def sample(case: Case, arm: str, rule: str, occasion: str) -> None:
    """A rule only looked on, or looked away."""
    if case.left.samples > 0:
        case.left.samples -= 1
        decision(case, arm, rule, occasion)

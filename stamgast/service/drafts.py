"""What an activation is made of: its words' template and channels, and the voucher that they speak of."""

from typing import Final

from rules.engine import CompiledRule
from rules.steps import Step
from stamgast.domain.activation import (
    RANKS,
    Activation,
    Plan,
    activation_id,
)
from stamgast.domain.counters import Tally
from stamgast.domain.customer import LEVEL, Voucher
from stamgast.domain.facts import Fact
from stamgast.domain.recommendations import RECOMMEND
from stamgast.domain.rewards import code_words
from stamgast.domain.templates import Template
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import ActivationState, Status, VoucherState
from stamgast.service import at_hand, offers, variants
from stamgast.service.case import Case, Firing
from stamgast.service.recommending import wanted_of

# Said once: looking a member up costs as much as a small call, and these are asked for every message.
_HELD: Final = ActivationState.HELD.value
_HELD_STATUS: Final = Status.HELD.value
_HELD_RANK: Final = RANKS[Status.HELD]
_FIRED: Final = Tally.FIRED
_UNSAID: Final = Template("", purpose=offers.PURPOSE)
"""Stands for the template of an offer that comes without a message."""


def tells_of_voucher(rule: CompiledRule, step: Step) -> bool:
    """Whether its words speak of a voucher that is not the one the rule fired for."""
    return step.send is not None and step.send.of_voucher and not rule.trigger.voucher


def given_for(case: Case, rule_id: str, cause: str) -> Voucher | None:
    """The newest voucher that the rule gave for it, or the card itself, and that may be used. Raises NotReadError."""
    at_hand.bring(case, cause)
    rule = case.context.bundle.rules.by_id.get(rule_id)
    givers = (
        {rule_id, ""} if rule is None or rule.trigger.fills_card else {rule_id, "", f"{LEVEL}{rule.trigger.crosses}"}
    )
    mine = (each for each in reversed(case.customer.vouchers) if each.rule in givers and each.cause == cause)
    return next((each for each in mine if each.state == VoucherState.OPEN), None)


def of_card(case: Case, firing: Firing) -> Voucher | None:
    """What the card itself gave on the occasion that the rule speaks of: full, or on its way."""
    trigger = firing.rule.trigger
    card = case.program.cards.get(trigger.card)
    if card is None:
        return None
    reward, giver = card.reward, ""
    if not trigger.fills_card:
        reward, giver = dict(card.levels).get(trigger.crosses or 0), f"{LEVEL}{trigger.crosses}"
    return None if reward is None else case.vouchers_by_ground().get((firing.fact.occasion, giver, reward, ""))


def speak_of(activation: Activation, voucher: Voucher | None) -> None:
    """Let its words name the voucher."""
    if voucher is not None:
        activation.voucher = voucher.code
        activation.data["code"] = voucher.code
        activation.data["reward"] = voucher.reward
        activation.data["valid_until"] = voucher.expires_at
        activation.data |= code_words(voucher)


def drafted(case: Case, firing: Firing, step: Step) -> Activation:
    """The activation of a step, before anybody was asked whether it may go."""
    rule, occasion, send = firing.rule, firing.occasion, step.send
    way, variant = (None, "") if send is None else variants.way_of(case, rule.id, send)
    template = _UNSAID if way is None else case.program.templates[way.template]
    channels = ("",) if way is None else way.by
    life = case.program.messaging.give_up_after if rule.give_up_after is None else rule.give_up_after
    fact, merchant = firing.fact, case.program.merchant
    # By place: naming the fields costs several times as much as the rest.
    activation = Activation(
        activation_id(merchant, rule.id, case.customer_id, occasion, firing.generation), rule.id, occasion,
        _HELD, _HELD_STATUS, _HELD_RANK, case.at, case.at,
        template.id, template.purpose, channels[0], rule.priority, 0, case.at + life, "", firing.generation,
        fact.data | {"cause": fact.occasion}, [*channels[1:]], fact.data.get("voucher", ""), "", False, rule.value,
    )  # fmt: skip
    if way is not None and way.recommend is not None:
        activation.data[RECOMMEND] = wanted_of(way.recommend, firing.fact)
    if firing.planned or variant:
        of = firing.of or occasion
        activation.plan = Plan(firing.step, of, moment_of(case, firing.fact), variant, cooled=firing.cooled)
    variants.count(case, activation, _FIRED)
    return activation


def moment_of(case: Case, fact: Fact) -> Millis:
    """When it happened: a purchase at the till, anything else when it was recorded."""
    return case.at if fact.purchase is None else min(fact.purchase.occurred_at, case.at)

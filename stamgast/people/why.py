"""Why a customer got a message, or did not: what fired, what the gate said, and how each rule sees them now."""

from collections.abc import Mapping
from typing import Any, Final

from rules.engine import CompiledRule, View
from stamgast.clock.shop_time import format_time
from stamgast.domain.activation import FINAL_WITHOUT_SEND, Activation
from stamgast.domain.calendar import date_of
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.facts import Fact
from stamgast.domain.program import Program
from stamgast.domain.recommendations import RECOMMENDED
from stamgast.domain.rule_answers import NOT_THERE, UNKNOWN, Ended, code_of, is_of_condition
from stamgast.domain.rule_answers import read as read_answers
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Reason, Status
from stamgast.people.occasion_words import without_code
from stamgast.service import Bundle

REASONS: Final[Mapping[str, str]] = {
    Reason.NO_CONSENT: "the customer has not agreed to messages of this purpose on any of the rule's channels",
    Reason.OPTED_OUT: "the customer said STOP",
    Reason.HOLDOUT: "the customer is in the rule's control group",
    Reason.COOL_DOWN: "the rule spoke to this customer within its cool-down",
    Reason.FREQUENCY_CAP: "the customer has had as many messages as the house allows",
    Reason.OUTRANKED: "more important messages took the room that the house allows; it goes once there is some",
    Reason.QUESTION_OPEN: "another question to the customer is open",
    Reason.ASKED_BEFORE: "the customer was asked this before, and not long enough ago",
    Reason.ALREADY_KNOWN: "what it asks is known of the customer",
    Reason.COMPLAINED: "the customer complained just before, and is left in peace for a while",
    Reason.TOPIC_LEFT: "the customer left its topic, and hears of the others",
    Reason.QUIET_HOURS: "it is outside the hours in which messages may go out",
    Reason.ONE_IN_FLIGHT: "another message to this customer is on its way",
    Reason.GAVE_UP: "it could not go out in time",
    Reason.LATE: "the news is too old to message about",
    Reason.TOO_MANY: "more messages at once than one event, or one customer, may ask for",
    Reason.NO_LONGER_TRUE: "the customer came back before it went out",
    Reason.TAKEN_BACK: "a refund took the occasion back",
    Reason.EARNED_AGAIN: "it is being stopped, and its occasion has come about again meanwhile",
    Reason.ERASED: "the customer asked to be forgotten",
    Reason.RULE_NOT_LIVE: "the rule was no longer live when its time came",
    Reason.UNDO_WINDOW: "the rule was launched just before, and its first messages wait so that they can be undone",
    Reason.UNDONE: "it was undone: the rule was paused while its first messages waited",
    Reason.RULE_OVER: "the rule's last day had passed when its time came",
    Reason.BUDGET: "its budget is spent, keeps what is left for others, or has not answered yet",
    Reason.AWAITS_CODE: "its voucher is to have a code of the shop's own, and waits for one",
    Reason.NO_CODES: "none of the shop's own codes is left: `stamgast vouchers import-codes` brings in more",
    Reason.NOTHING_TO_RECOMMEND: "no product is bought next often enough that the customer does not have already",
    Reason.NOT_YET: "its time has not come: the rule waits before it",
    Reason.STOPPED: "somebody stopped its campaign before it left",
    Reason.CALLED_OFF: "what calls it off came about while it waited",
    Reason.RULE_CHANGED: "the rule was edited while it waited, and has it no more",
    Reason.RULE_LIMIT: "the rule has sent as many messages today as it may",
    Reason.STAFF_LIMIT: "whoever of the staff it goes to has been told as much in this hour as they are to be",
    Reason.FOLDED: "another message to the staff has told how many more there were, this one among them",
    Reason.EXPIRED: "it could not go out in time",
    Reason.NO_CHANNEL: "this worker has nothing that carries messages of its channel",
    Reason.NO_ADDRESS: "no address of the customer is known for its channel",
    Reason.NO_TEMPLATE: "its template no longer exists",
    Reason.NO_WORDING: "its template has no wording for its channel in a language of the programme",
    Reason.ANOTHER_ATTEMPT: "another worker began to send it and never said what became of it",
    Reason.NOT_FOUND: "the carrier does not know the attempt",
    Reason.OTHER_CHANNEL: "this channel does not reach the customer",
    Reason.NONE: "the channel broke while it was being sent",
    Reason.THROTTLED: "the carrier had too much to do",
    Reason.TRANSIENT: "the carrier, or the phone, could not be reached",
    Reason.BAD_NUMBER: "no message reaches this number",
    Reason.OPT_OUT: "the customer said STOP to the sender",
    Reason.NOT_ON_CHANNEL: "the customer is not on this channel",
    Reason.WINDOW: "the customer has not written for a day: only approved templates may be sent",
    Reason.TEMPLATE: "its template could not be filled in, or the carrier does not approve of it",
    Reason.CONTENT: "its text is too long, empty, or against the channel's rules",
    Reason.TOO_LONG: "its SMS would have taken more parts than `max_parts` of program.yaml allows",
    Reason.COSTLY: "making it took more than a message may take; its rule rests until its template is published mended",
    Reason.CONFIG: "the account or the sender is not set up for it at the carrier",
    Reason.POLICY: "the carrier chose not to deliver it",
    Reason.UNKNOWN: "the carrier refused it with an error that nobody here knows",
}
"""Reason of a message that was withheld, is held or did not arrive -> what it means, for people."""

_IN_DOUBT = "it may or may not have arrived: the carrier never said"
_ONCE_MORE = "it went once more, for the carrier did not know the first attempt"
_BEFORE_A_CHANNEL: Final[frozenset[str]] = frozenset(
    {
        Reason.NO_CONSENT,
        Reason.OPTED_OUT,
        Reason.HOLDOUT,
        Reason.COOL_DOWN,
        Reason.FREQUENCY_CAP,
        Reason.LATE,
        Reason.BAD_NUMBER,
    }
)
"""Reasons of messages that were withheld before any of the rule's channels was chosen for them."""


_WITHOUT_REWARD: Final[frozenset[str]] = frozenset({Reason.NO_LONGER_TRUE, Reason.TAKEN_BACK, Reason.ERASED})
"""Reasons that tell by themselves what became of the reward, or tell nothing of it."""


ENDED: Final[Mapping[int, str]] = {
    Ended.FIRED: "it fired",
    Ended.SHADOW: "all its conditions were met, but it is a shadow: it is only counted",
    Ended.NOT_IN_CANARY: "all its conditions were met, but the customer is not in the canary's sample",
    Ended.FIRED_BEFORE: "it had fired for that before",
    Ended.TOO_MANY: "more rules fired at once than one event may set off",
    Ended.RAISED: "it broke, and was paused",
}
"""How it ended that a rule's trigger came -> what it means, for people."""


def explain_customer(
    customer: Customer, bundle: Bundle, at: Millis, rule_id: str | None = None, customer_id: str = ""
) -> list[dict[str, Any]]:
    """Return, per rule (or for one): what it did for this customer and how its conditions stand at `at`.

    Of a rule that was taken away it is what is still kept of it. Conditions about the basket show as unknown (`met`
    None): there is no purchase to look at.
    """
    names = rules_told_of(customer, bundle) if rule_id is None else (rule_id,)
    rules = bundle.rules.by_id
    return [
        _explain(customer, customer_id, bundle.program, rules[name], at) if name in rules else _gone(customer, name)
        for name in names
    ]


def rules_told_of(customer: Customer, bundle: Bundle) -> list[str]:
    """Return the rules of which something can be told, by id: those in force, and those that were."""
    rules = [each.rule for each in customer.activations] + [each.rule for each in customer.vouchers]
    kept = {rule for rule in rules if rule}
    return sorted(kept.union(customer.fired, bundle.rules.by_id))


def _explain(customer: Customer, customer_id: str, program: Program, rule: CompiledRule, at: Millis) -> dict[str, Any]:
    view = View(customer, program, at, Fact(rule.fact_names[0], ""), customer_id)
    conditions = [{"says": says, "met": met, "found": found} for says, met, found in rule.explain(view)]
    return {
        "rule": rule.id,
        "description": rule.description,
        "status": rule.status,
        "when": rule.trigger.text,
        "fired_for": [without_code(each) for each in customer.fired.get(rule.id, ())],
        "last": _last(customer, rule),
        "conditions": conditions,
        "earned": rule.earned,
        "starts": None if rule.starts is None else str(date_of(rule.starts)),
        "ends": None if rule.ends is None else str(date_of(rule.ends)),
    } | _done(customer, rule.id, rule)


def _gone(customer: Customer, rule: str) -> dict[str, Any]:
    return {
        "rule": rule,
        "description": "",
        "status": NOT_THERE,
        "when": "",
        "fired_for": [without_code(each) for each in customer.fired.get(rule, ())],
        "last": None,
        "conditions": [],
        "earned": None,
        "starts": None,
        "ends": None,
    } | _done(customer, rule)


def _done(customer: Customer, name: str, rule: CompiledRule | None = None) -> dict[str, Any]:
    return {
        "activations": [_tell(activation, rule) for activation in customer.activations if activation.rule == name],
        "vouchers": [_tell_voucher(each) for each in customer.vouchers if each.rule == name],
    }


def _last(customer: Customer, rule: CompiledRule) -> dict[str, Any] | None:
    """How it ended the last time that the rule's trigger came; None if it never did since that is kept.

    Of one that fired when other rules were asked last, the messages and rewards that are remembered tell when it was.
    """
    answer = read_answers(customer.answers).get(rule.key)
    if answer is None:
        return _fired(customer, rule) if rule.id in customer.fired else None
    at, code = answer
    told = {"at": format_time(at), "turned_down": is_of_condition(code), "condition": None}
    if not is_of_condition(code):
        return told | {"because": ENDED.get(code, "nobody here knows how it ended")}
    conditions = " or ".join(words for words in rule.said if code_of(words) == code % UNKNOWN)
    if not conditions:
        return told | {"because": "a condition was not met that the rule has no more"}
    how = "could not be answered" if code >= UNKNOWN else "was not met"
    return told | {"because": f"turned down, for this {how}: {conditions}", "condition": conditions}


def _fired(customer: Customer, rule: CompiledRule) -> dict[str, Any]:
    known = [each.decided_at for each in customer.activations if each.rule == rule.id]
    known += [each.issued_at for each in customer.vouchers if each.rule == rule.id]
    at = format_time(max(known)) if known else None
    return {"at": at, "turned_down": False, "condition": None, "because": ENDED[Ended.FIRED]}


def _tell_voucher(voucher: Voucher) -> dict[str, Any]:
    """Of the code nothing: whoever has it can redeem it."""
    return {
        "reward": voucher.reward,
        "state": voucher.state,
        "given_at": format_time(voucher.issued_at),
        "ends_at": format_time(voucher.expires_at),
    }


def _tell(activation: Activation, rule: CompiledRule | None) -> dict[str, Any]:
    withheld = activation.status == Status.SUPPRESSED
    return {
        "activation": activation.id,
        "occasion": without_code(activation.occasion),
        "step": "" if activation.plan is None else activation.plan.step,
        "variant": activation.variant,
        "template": activation.template,
        "channel": (None if withheld and activation.reason in _BEFORE_A_CHANNEL else activation.channel) or None,
        "recommended": activation.data.get(RECOMMENDED, [None])[0],
        "status": activation.status,
        "reason": activation.reason,
        "why": _why(activation) + _of_the_reward(activation, rule),
        "decided_at": format_time(activation.decided_at),
        "changed_at": format_time(activation.changed_at),
        "release_at": format_time(activation.release_at) if activation.release_at else None,
    }


def _of_the_reward(activation: Activation, rule: CompiledRule | None) -> str:
    """What became of the rule's reward when its message was withheld."""
    ended = activation.status in FINAL_WITHOUT_SEND and activation.reason not in _WITHOUT_REWARD
    if rule is None or not ended:
        return ""
    step = rule.step("" if activation.plan is None else activation.plan.step)
    if step is None or not step.gives:
        return ""
    if step.send is None:
        return "; nothing was given, for it is an offer"
    if rule.earned:
        return "; the reward was given, for it was earned"
    return "; the reward was withheld with it, for it is an offer"


def _why(activation: Activation) -> str:
    if activation.status == Status.IN_DOUBT:
        return _IN_DOUBT
    return REASONS.get(activation.reason, "") or (_ONCE_MORE if activation.unproven else "")

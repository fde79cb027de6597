"""A backtest in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stamgast.backtest import spent
from stamgast.backtest.account import WAITING
from stamgast.backtest.preview import STAND_IN
from stamgast.clock.shop_time import on_the_wall
from stamgast.domain.counting import how_often, so_many
from stamgast.domain.currencies import format_money
from stamgast.domain.lapses import lapses_in_words
from stamgast.domain.vocabulary import RuleStatus
from stamgast.people.why import REASONS

LOG: Final = "log"
_NOT_KNOWN: Final = "not known"
_UNHEARD: Final = frozenset({RuleStatus.DRAFT, RuleStatus.PAUSED})


def assumptions(found: Mapping[str, Any]) -> Iterator[str]:
    """Whose past it was, and what was taken for granted of it."""
    counted = f"{so_many(found['customers'], 'customer')}, {so_many(found['purchases'], 'purchase')}"
    yield f"{counted} from {found['from']} to {found['to']}."
    if found["data"] == LOG:
        yield "Consents and opt-outs are those of the log. What was imported counts as told when it happened."
    else:
        yield "Nothing is known of consents in a file: everybody counts as having agreed to every message."
    yield (
        f"The rules are heard from the first day on; before it nobody had heard from the shop. Every message arrives, "
        f"nobody redeems anything that is not in the data, and everybody is called {STAND_IN}."
    )
    if found["left_out"]:
        yield f"{so_many(found['left_out'], 'customer')} left out: too much of what is told of them cannot be applied."
    if found["passed_over"]:
        yield f"{so_many(found['passed_over'], 'event')} could not be applied, and passed over as workers do."


def why_not(reason: str) -> str:
    """A reason in words."""
    return "it still waited when the days were over" if reason == WAITING else REASONS.get(reason, reason)


def overlap_in_words(overlap: Mapping[str, Any]) -> str:
    """Two rules that want the same people on the same day."""
    one, other = overlap["rules"]
    customers, both = overlap["customers"], overlap["both_wrote"]
    get, want = ("gets", "is wanted by") if customers == 1 else ("get", "are wanted by")
    if both == customers:
        return f"{so_many(customers, 'customer')} {get} {one} and {other} the same day"
    who = f"{so_many(customers, 'customer')} {want} {one} and {other} the same day"
    return f"{who}: {both:,} of them get both, and of the others one rule gave way" if both else f"{who}: one gave way"


def in_words(found: Mapping[str, Any]) -> Iterator[str]:
    """The whole answer, line by line."""
    yield from assumptions(found)
    yield ""
    width = max(4, *(len(rule) for rule in found["rules"])) if found["rules"] else 4
    heads = ("customers", "fired", "sent", "vouchers", "withheld", "SMS parts")
    yield f"{'rule':<{width}} " + " ".join(f"{head:>9}" for head in heads) + f" {'messages':>14} {'rewards':>14}"
    for rule, figures in heard(found).items():
        yield _row(rule, figures, width, found)
    yield ""
    if not found["prices_known"] and any(figures["would_send"] for figures in found["rules"].values()):
        yield "what messages cost is not known: program.yaml has no `prices:`"
    for reward in found["rewards_without_cost"]:
        yield f"what {reward} costs is not known: program.yaml has no `cost:` of it"
    for rule, figures in found["rules"].items():
        yield from _notes(rule, figures)
    yield from unheard(found)
    yield from budgets_in_words(found)
    for reward, given in found["cards"].items():
        yield f"cards give {reward} by themselves: {how_often(given)}"
    if lapses := lapses_in_words(found["lapses"]):
        yield lapses
    weeks = found["messages_per_customer_week"]
    if weeks["most"]:
        spread = ", ".join(
            f"{number} in {so_many(weeks_long, 'week')}" for number, weeks_long in weeks["weeks"].items()
        )
        yield f"one customer in one week gets at most {so_many(weeks['most'], 'message')} ({spread})"
    yield from map(overlap_in_words, found["overlaps"])
    yield from _samples(found)
    yield from _difference(found["difference"])


def heard(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The rules that could do anything, with their figures: drafts and paused ones that nobody named could not."""
    rules: Mapping[str, Mapping[str, Any]] = found["rules"]
    return {rule: figures for rule, figures in rules.items() if figures["status"] not in _UNHEARD}


def unheard(found: Mapping[str, Any]) -> Iterator[str]:
    """The other rules, each with what to do about it."""
    for rule, figures in found["rules"].items():
        if figures["status"] in _UNHEARD:
            yield f"{rule}: it is {figures['status']} and was not heard; name it to see what it would do"


def money_of(figures: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, str]:
    """What a rule's messages and its rewards cost; what is given at a cost that nobody told is not free."""
    messages, rewards = figures["cost_minor"], figures["reward_cost_minor"]
    unpriced = figures["would_send"] and not messages and not found["prices_known"]
    uncosted = figures["given"] and not rewards and found["rewards_without_cost"]
    currency = found["currency"]
    return (
        _NOT_KNOWN if unpriced else format_money(messages, currency),
        _NOT_KNOWN if uncosted else format_money(rewards, currency),
    )


def budgets_in_words(found: Mapping[str, Any]) -> Iterator[str]:
    """What each budget came to, and whether that is exact."""
    yield from spent.in_words(found["budgets"], found["currency"])
    if not found["budgets_settled"]:
        yield "whom budgets leave out changes what is asked of them later: what they withheld is about right, not exact"


def _row(rule: str, figures: Mapping[str, Any], width: int, found: Mapping[str, Any]) -> str:
    counts = (
        figures["reached"],
        figures["fired"],
        figures["would_send"],
        figures["given"],
        sum(figures["withheld"].values()),
        figures["sms_parts"],
    )
    money = "".join(f" {each:>14}" for each in money_of(figures, found))
    return f"{rule:<{width}} " + " ".join(f"{each:>9,}" for each in counts) + money


def _notes(rule: str, figures: Mapping[str, Any]) -> Iterator[str]:
    for each in figures["not_known"]:
        yield f"{rule}: {each}"
    for reason, times in figures["withheld"].items():
        yield f"{rule}: {times:,} withheld, as {why_not(reason)}"
    for why, times in figures["unsendable"].items():
        yield f"{rule}: {times:,} could not have been sent: {why}"
    if figures["not_met"]:
        yield f"{rule}: {how_often(figures['not_met'])} the trigger came and its conditions were not met"
    if figures["notices"]:
        often = f"{how_often(figures['notices'])} staff would have heard of it"
        yield f"{rule}: {often}; what is beyond their hour comes together"
    if figures["raised"]:
        yield f"{rule}: it failed {how_often(figures['raised'])}; a worker would have paused it at the first"
    if figures["shadow"]:
        yield f"{rule}: as a shadow it would have fired {how_often(figures['shadow'])}; name it to see what it would do"


def _samples(found: Mapping[str, Any]) -> Iterator[str]:
    if found["samples"]:
        yield ""
        yield "some of the messages:"
    for each in found["samples"]:
        text = " / ".join(each["text"].splitlines())
        at, to = on_the_wall(each["at"], found["time_zone"]), f" to {each['staff']}" if each["staff"] else ""
        yield f"  {at} {each['rule']} by {each['channel']}{to} ({each['language']}): {text}"


def _difference(difference: Mapping[str, Any] | None) -> Iterator[str]:
    if difference is None:
        return
    yield ""
    if not difference["rules"]:
        yield f"nothing changes against {difference['against']}"
    for rule, changed in difference["rules"].items():
        figures = ", ".join(f"{name} {by:+,}" for name, by in changed.items()) or "it is new or gone, and does nothing"
        yield f"against {difference['against']}: {rule}: {figures}"

"""Each thing that `rules check` looks for: files in which it is, and nearly the same ones in which it is not."""

import json
from datetime import date
from typing import NamedTuple

import pytest

from rules.advice import advise
from rules.loader import load_bundle
from rules.program.approved_contents import APPROVED
from stamgast.domain.calendar import at_local
from tests.unit.rules.small_shop import PROGRAM, WITH_EXPIRY, files_of

PRICED = PROGRAM + "prices: {sms: {NL: 0.0875 EUR}}\ncosts: {margins: {bread: 60%, cheese: 50%}}\n"
TESTS = "tests: [{name: a, given: a purchase, expect: {nothing: true}}]\n"


def rule(when: str = "purchase", then: str = "[{tag: seen}]", more: str = "", name: str = "example") -> str:
    status = "" if "status:" in more else "status: live\n"
    tests = "" if "tests:" in more else TESTS
    return f"rule: {name}\n{status}when: {when}\nthen: {then}\n{more}{tests}"


SENDS = "[{send: hello, by: [sms]}]"
MONTHLY = "once_per: month\n"
TODAY = at_local((date(2026, 10, 15) - date(1970, 1, 1)).days, 12 * 60, "Europe/Amsterdam")


class Lint(NamedTuple):
    """What is told of `wrong`, at which severity, and not of `right`; each is a rule's file, or several files."""

    told: str
    wrong: str | dict[str, str]
    right: str | dict[str, str]
    severity: str = "warning"


def beside(text: str, **files: str) -> dict[str, str]:
    return {"rules/example.yaml": text, **{f"rules/{name}.yaml": content for name, content in files.items()}}


def hello(text: str) -> dict[str, str]:
    return {"templates/nl/hello.j2": text}


def approved(text: str) -> dict[str, str]:
    content = {"sid": "HX00000000000000000000000000000001", "language": "nl", "types": {"twilio/text": {"body": text}}}
    return {APPROVED: json.dumps({"contents": [content | {"approval_requests": {"status": "approved"}}]})}


LYING = WITH_EXPIRY.replace("  hello: {}\n", "  hello: {}\n  warning: {}\n")
WARNS = rule("{stamps_expiring: slow}", "[{send: warning, by: [sms]}]")
SAYS_WHEN = {"templates/nl/warning.j2": "Tot {{ card.expires_on }}! Stop? Antwoord STOP"}
SAYS_NOTHING = {"templates/nl/warning.j2": "Kom terug! Stop? Antwoord STOP"}


LINTS: dict[str, Lint] = {
    "stamps run out and nobody is warned": Lint(
        "no stamps of the slow card ever run out: no rule sends a warning",
        {"program.yaml": LYING, **SAYS_WHEN, "rules/example.yaml": rule("{stamps_expiring: slow}")},
        {"program.yaml": LYING, **SAYS_WHEN, "rules/example.yaml": WARNS},
    ),
    "a warning that does not say when": Lint(
        "the template warning does not say everywhere when the stamps run out",
        {"program.yaml": LYING, **SAYS_NOTHING, "rules/example.yaml": WARNS},
        {"program.yaml": LYING, **SAYS_WHEN, "rules/example.yaml": WARNS},
    ),
    "when stamps run out, where nobody knows it": Lint(
        "says when stamps run out, and `stamp_card_completed` does not know it",
        hello("Tot {{ card.expires_on }}! Stop? Antwoord STOP")
        | {"rules/example.yaml": rule("{stamp_card_completed: bread}", SENDS)},
        {"rules/example.yaml": rule("{stamp_card_completed: bread}", SENDS)},
        severity="error",
    ),
    "never fires: the stage": Lint(
        "this rule never fires: at `lapsing` the stage is lapsing",
        rule("lapsing", more="if: [{stage: new}]\n"),
        rule("lapsing", more="if: [{visits: {at_least: 5}}]\n"),
    ),
    "never fires: more visits than there are": Lint(
        "this rule never fires: at visit number 5 there are no 9 visits yet",
        rule("{visits_reached: 5}", more="if: [{visits: {at_least: 9}}]\n"),
        rule("{visits_reached: 5}", more="if: [{visits: {at_most: 9}}]\n"),
    ),
    "never fires: fewer than have been passed": Lint(
        "this rule never fires: at",
        rule("{visits_reached: 5}", more="if: [{visits: {at_most: 3}}]\n"),
        rule("{visits_reached: 5}", more="if: [{visits: {at_most: 5}}]\n"),
        "error",
    ),
    "never fires: no basket at hand": Lint(
        "this rule never fires: `lapsing` has no purchase at hand",
        rule("lapsing", more="if: [{basket_has: {category: bread}}]\n"),
        rule(more="if: [{basket_has: {category: bread}}]\n"),
        "error",
    ),
    "never fires: on another tier": Lint(
        "this rule never fires: who has just moved to the tier gold is on no other",
        rule("{tier_changed: {to: gold}}", more="if: [{tier: silver}]\n"),
        rule("{tier_changed: {to: gold}}", more="if: [{tier: [silver, gold]}]\n"),
    ),
    "never fires: in the segment that was left": Lint(
        "this rule never fires: who has just left the segment regulars is not in it",
        rule("{left: regulars}", more="if: [{segment: regulars}]\n"),
        rule("{left: regulars}", more="if: [{segment: tagged}]\n"),
    ),
    "never fires: over before it begins": Lint(
        "this ends on 2026-10-01, before it starts on 2026-10-05",
        rule(more="starts: 2026-10-05\nends: 2026-10-01\n"),
        rule(more="starts: 2026-10-05\nends: 2026-10-05\n"),
        "error",
    ),
    "never sends: hours that do not meet": Lint(
        "this rule never sends: the house sends marketing messages",
        rule("lapsing", SENDS, "timing: {send_between: 21:00-22:00}\n"),
        rule("lapsing", SENDS, "timing: {send_between: 10:00-12:00}\n"),
        "error",
    ),
    "never sends: a schedule at night that drops": Lint(
        "this rule never sends: it comes when nothing goes out",
        rule("{on: 2026-12-05 23:00}", SENDS, "timing: {if_outside: drop}\n"),
        rule("{on: 2026-12-05 10:00}", SENDS, "timing: {if_outside: drop}\n"),
    ),
    "always fires: each purchase": Lint(
        "this rule always fires: at each purchase of each customer",
        rule(then="[{give: coffee}]"),
        rule(then="[{give: coffee}]", more=MONTHLY),
    ),
    "always fires: everybody, by the calendar": Lint(
        "this rule always fires: every month on day 1 at 10:00, for each customer",
        rule("{every: {month: 1}}", SENDS),
        rule("{every: {month: 1}}", SENDS, "if: [{segment: regulars}]\n"),
    ),
    "always true": Lint(
        "`visits` is always true here",
        rule(more="if: [{visits: {at_least: 1}}]\n" + MONTHLY),
        rule(more="if: [{visits: {at_least: 2}}]\n" + MONTHLY),
    ),
    "contradiction: figures": Lint(
        "`visits` contradicts that of line",
        rule(more="if: [{visits: {at_least: 5}}, {visits: {at_most: 3}}]\n"),
        rule(more="if: [{visits: {at_least: 3}}, {visits: {at_most: 5}}]\n"),
    ),
    "contradiction: words of which there is one at a time": Lint(
        "`stage` contradicts that of line",
        rule(more="if: [{stage: new}, {stage: lapsed}]\n"),
        rule(more="if: [{any: [{stage: new}, {stage: lapsed}]}]\n"),
    ),
    "contradiction: of tags a customer has several": Lint(
        "`tier` contradicts that of line",
        rule(more="if: [{tier: gold}, {tier: silver}]\n"),
        rule(more="if: [{tag: seen}, {tag: baker}, {segment: regulars}, {segment: tagged}]\n"),
    ),
    "identical": Lint(
        "other is the same rule as example",
        beside(rule(), other=rule(name="other")),
        beside(rule(), other=rule(name="other", then="[{tag: other}]")),
    ),
    "overlapping": Lint(
        "write to the same customers on the same occasion",
        beside(rule("lapsing", SENDS), other=rule("lapsing", "[{send: hello, by: [sms]}, {tag: x}]", name="other")),
        beside(rule("lapsing", SENDS), other=rule("lapsed", "[{send: hello, by: [sms]}, {tag: x}]", name="other")),
    ),
    "unknown category in the basket": Lint(
        'no card and no margin is about the category "flowers"',
        rule(more="if: [{basket_has: {category: flowers}}]\n"),
        rule(more="if: [{basket_has: {category: cheese}}]\n"),
    ),
    "unknown category of a trigger": Lint(
        'no card and no margin is about the category "flowers"',
        rule("{bought: {category: flowers}}"),
        rule("{bought: {category: cheese}}"),
    ),
    "unknown category in a group": Lint(
        'no card and no margin is about the category "flowers"',
        rule(more="if: [{none: [{bought: {category: flowers}}]}]\n"),
        rule(more="if: [{none: [{bought: {category: cheese}}]}]\n"),
    ),
    "misspelt category, told once": Lint(
        'no card and no margin is about the category "chese"',
        rule("{bought: {category: chese}}"),
        rule("{bought: {category: cheese}}"),
    ),
    "misspelt category in the basket, told once": Lint(
        'no card and no margin is about the category "chese"',
        rule(more="if: [{basket_has: {category: chese}}]\n"),
        rule(more="if: [{basket_has: {category: cheese}}]\n"),
    ),
    "unknown product": Lint(
        'no card and no margin is about the product "XXX-1"',
        rule(more="if: [{basket_has: {product: XXX-1}}]\n"),
        rule(more="if: [{basket_has: {product: RYE-800}}]\n"),
    ),
    "a product that nobody watches": Lint(
        'nobody watches the product "XXX-1"',
        rule(more="if: [{bought: {product: XXX-1}}]\n"),
        rule(more="if: [{bought: {product: RYE-800}}]\n"),
        "error",
    ),
    "single braces": Lint(
        '"{customer.first_name}" goes out as it stands',
        hello("Dag {customer.first_name}! STOP"),
        hello("Dag {{ customer.first_name or 'klant' }}! STOP"),
        "error",
    ),
    "never fires: who joins has joined": Lint(
        "this rule never fires: who has just joined has joined",
        rule("joined", more="if: [{joined: false}]\n"),
        rule(more="if: [{joined: false}]\n"),
    ),
    "never fires: its last day lies behind us": Lint(
        "this rule never fires: its last day was 2026-10-14",
        rule(more="ends: 2026-10-14\n" + MONTHLY),
        rule(more="ends: 2026-10-15\n" + MONTHLY),
    ),
    "never fires: its day lies behind us": Lint(
        "this rule never fires: 2026-10-14 has gone by",
        rule("{on: 2026-10-14 10:00}"),
        rule("campaign"),
    ),
    "a trial on nobody": Lint(
        "`canary 0%` is live for nobody",
        rule("lapsing", SENDS, "status: canary 0%\n"),
        rule("lapsing", SENDS, "status: canary 1%\n"),
    ),
    "hold-out of everybody": Lint(
        "`hold_out: 100%` holds everybody out",
        rule("lapsing", SENDS, "limits: {hold_out: 100%}\n"),
        rule("lapsing", SENDS, "limits: {hold_out: 99%}\n"),
    ),
    "missing status": Lint(
        "this rule has no `status`, and so is a draft",
        rule().replace("status: live\n", ""),
        rule(more="status: draft\n"),
    ),
    "no cap": Lint(
        "nothing of its own limits these messages: once per day",
        rule(then=SENDS, more="once_per: day\nif: [{tag: seen}]\n"),
        rule(then=SENDS, more="once_per: day\nif: [{tag: seen}]\nlimits: {cool_down: 30 days}\n"),
    ),
    "no cap: a schedule": Lint(
        "nothing of its own limits these messages: once per occasion",
        rule("{every: week}", SENDS, "if: [{tag: seen}]\n"),
        rule("{every: 4 weeks}", SENDS, "if: [{tag: seen}]\n"),
    ),
    "no cap: an event": Lint(
        "nothing of its own limits these messages: once per event",
        rule("{event: workshop}", SENDS),
        rule("{event: workshop}", SENDS, MONTHLY),
    ),
    "no test": Lint(
        "example runs and has no tests",
        rule().replace(TESTS, ""),
        rule(more="status: draft\n").replace(TESTS, ""),
    ),
    "night": Lint(
        "`send_between` reaches into the night",
        rule("lapsing", SENDS, "timing: {send_between: 18:00-23:00}\n"),
        rule("lapsing", SENDS, "timing: {send_between: 18:00-20:00}\n"),
    ),
    "night: a schedule": Lint(
        "it comes while nothing goes out: its messages wait for the morning",
        rule("{on: 2026-12-05 23:00}", SENDS),
        rule("{on: 2026-12-05 23:00}", "[{send: hello, by: [sms], after: 12 hours}]"),
    ),
    "the character that costs": Lint(
        '"\u2013" makes it 2 parts instead of 1 (0.1750 EUR instead of 0.0875 EUR)',
        {**hello("Nieuw \u2013 vers " + "brood " * 12 + "STOP"), "program.yaml": PRICED.replace("messaging: {", "messaging: {letters: keep, ")},
        hello("Nieuw - vers " + "brood " * 12 + "STOP"),
    ),
    "an SMS of too many parts": Lint(
        "this SMS can take 4 parts, for 0.3500 EUR: at most 3 are sent",
        hello("Vandaag bij ons: " + "een zacht broodje kaas met mosterd, " * 13 + "STOP om te stoppen"),
        hello("Vandaag bij ons: een zacht broodje kaas met mosterd. STOP om te stoppen"),
        "error",
    ),
    "a place of the approved text that nothing fills": Lint(
        "the approved text in nl has the place {{2}}, and nothing fills it",
        approved("Uw code: {{1}} voor {{2}}."),
        approved("Uw code: {{1}}."),
        "error",
    ),
    "no way to stop": Lint(
        "this marketing message does not say how to stop such messages",
        hello("Dag!"),
        hello("Dag! Stop? Antwoord STOP"),
    ),
}  # fmt: skip


def told(case: str | dict[str, str]) -> list[tuple[str, str, str]]:
    """Everything that `rules check` says: severity, message, hint."""
    files = files_of(program=PRICED) | (case if isinstance(case, dict) else {"rules/example.yaml": case})
    if "rules/example.yaml" not in (case if isinstance(case, dict) else {"rules/example.yaml": ""}):
        del files["rules/example.yaml"]
    loaded = load_bundle(files)
    return [(each.severity, each.message, each.hint) for each in (*loaded.problems, *advise(loaded, now=TODAY))]


@pytest.mark.parametrize("lint", LINTS.values(), ids=LINTS)
def test_it_is_told_once_of_files_in_which_it_is_with_what_to_do(lint: Lint):
    found = [each for each in told(lint.wrong) if lint.told in each[1]]
    assert [severity for severity, _, _ in found] == [lint.severity], told(lint.wrong)
    assert found[0][2], "there is something to do about it"


@pytest.mark.parametrize("lint", LINTS.values(), ids=LINTS)
def test_it_is_not_told_of_nearly_the_same_files_in_which_it_is_not(lint: Lint):
    found = told(lint.right)
    assert not any(lint.told in message for _, message, _ in found), found
    assert not any(severity == "error" for severity, _, _ in found), found

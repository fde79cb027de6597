"""What a marketer sees for each kind of mistake in a rule."""

import pytest

from rules.loader import load_bundle
from rules.yaml.problems import MAX_QUOTED, Problem, render_problems
from tests.unit.rules import small_shop

START = "rule: example\nwhen: purchase\nthen: [{tag: seen}]\n"


def told(loaded) -> list[str]:
    return [f"{p.line}:{p.column} {p.message} | {p.hint}" for p in loaded.problems if p.file == "rules/example.yaml"]


MISTAKES = {
    "unknown word": (START + "statsu: live\n", "4:1 unknown word", 'Did you mean "status"?'),
    "unknown status": (START + "status: lives\n", '4:9 `status`: unknown status "lives"', "canary 5%"),
    "status with a slip": (START + "status: lve\n", '"lve"', 'Did you mean "live"?'),
    "canary with a slip": (START + "status: canry 5%\n", '"canry 5%"', 'Did you mean "canary 5%"?'),
    "weekday in Dutch": (START + "if: [{weekday: dinsdag}]\n", 'unknown weekday "dinsdag"', 'Did you mean "tuesday"?'),
    "weekday in French": (START + "if: [{weekday: Mercredi}]\n", '"Mercredi"', 'Did you mean "wednesday"?'),
    "weekday in German": (START + "if: [{weekday: [monday, Sonntag]}]\n", '"Sonntag"', 'Did you mean "sunday"?'),
    "duration in Dutch": (START + "limits: {cool_down: 30 dagen}\n", '"30 dagen"', 'Did you mean "30 days"?'),
    "duration with a slip": (START + "limits: {cool_down: 1 dya}\n", '"1 dya"', 'Did you mean "1 day"?'),
    "missing when": ("rule: example\nthen: [{tag: seen}]\n", "1:1 a rule needs `when`", ""),
    "missing then": ("rule: example\nwhen: purchase\n", "1:1 a rule needs `then`", ""),
    "long tag": (
        f"rule: example\nwhen: purchase\nthen: [{{tag: {'x' * 65}}}]\n",
        "longer than the 64 characters of a tag",
        "",
    ),
    "missing id": ("when: purchase\nthen: [{tag: seen}]\n", "1:1 a rule needs `rule`", ""),
    "bad id": ("rule: Free Loaf\nwhen: purchase\nthen: [{tag: seen}]\n", '1:7 "Free Loaf" cannot be', "free-loaf"),
    "not a mapping": ("- rule: example\n", "1:1 a rule is made of words", ""),
    "unknown trigger": (
        "rule: example\nwhen: purchased\nthen: [{tag: seen}]\n",
        '2:7 unknown trigger "purchased"',
        'Did you mean "purchase"?',
    ),
    "two triggers": (
        "rule: example\nwhen: {purchase: {}, lapsing: {}}\nthen: [{tag: seen}]\n",
        "exactly one trigger",
        "",
    ),
    "trigger with settings": (
        "rule: example\nwhen: {purchase: bread}\nthen: [{tag: seen}]\n",
        "nothing stands after `purchase`",
        "",
    ),
    "unknown card": (
        "rule: example\nwhen: {stamp_card_completed: braed}\nthen: [{tag: seen}]\n",
        'unknown stamp card "braed"',
        'Did you mean "bread"?',
    ),
    "card never reaches": (
        "rule: example\nwhen: {stamp_card_reaches: {bread: 8}}\nthen: [{tag: seen}]\n",
        "it never reaches 8",
        "at most 7",
    ),
    "card without number": (
        "rule: example\nwhen: {stamp_card_reaches: {}}\nthen: [{tag: seen}]\n",
        "one card and a number",
        "{bread: 5}",
    ),
    "visits as text": (
        "rule: example\nwhen: {visits_reached: ten}\nthen: [{tag: seen}]\n",
        "must be a whole number",
        "",
    ),
    "money of another currency": (
        "rule: example\nwhen: {clv_passed: 5 USD}\nthen: [{tag: seen}]\n",
        "`clv_passed` is in USD",
        "EUR",
    ),
    "money with three decimals": (
        START + "if: [{spend: {at_least: 1.250 EUR}}]\n",
        '"1.250 EUR" can be read two ways',
        'Write "1250 EUR" or "1.25 EUR"',
    ),
    "money without a currency": (
        START + "if: [{spend: {at_least: '12,50'}}]\n",
        '"12,50" names no currency',
        'Write "12.50 EUR".',
    ),
    "a number with thousands apart": (
        START + "if: [{visits: {at_least: 1.000}}]\n",
        'must be a whole number, not "1.000"',
        "Write 1000 or 1.",
    ),
    "money below zero": ("rule: example\nwhen: {clv_passed: -5 EUR}\nthen: [{tag: seen}]\n", "below zero", ""),
    "wrong once_per": (START + "once_per: card\n", "`purchase` does not happen once per card", "purchase, day"),
    "unknown once_per": (START + "once_per: carrd\n", 'unknown word "carrd"', 'Did you mean "card"?'),
    "unknown condition": (START + "if: [{visit: {at_least: 3}}]\n", 'unknown word "visit"', 'Did you mean "visits"?'),
    "condition without bound": (START + "if: [{visits: 3}]\n", "`visits` needs a bound", "at_least"),
    "empty condition": (START + "if: [{visits: {}}]\n", "`visits` needs a bound", "at_least"),
    "bounds that exclude": (
        START + "if: [{visits: {at_least: 3, less_than: 3}}]\n",
        "no number is within both bounds",
        "",
    ),
    "unknown bound": (START + "if: [{visits: {minimum: 3}}]\n", 'unknown word "minimum"', "at_least"),
    "two conditions in one": (START + "if: [{visits: {at_least: 3}, stage: new}]\n", "one condition an item", "dash"),
    "unknown store": (START + "if: [{store: dok-nord}]\n", 'unknown store "dok-nord"', 'Did you mean "dok-noord"?'),
    "unknown weekday": (START + "if: [{weekday: teusday}]\n", 'unknown weekday "teusday"', 'Did you mean "tuesday"?'),
    "unknown stage": (START + "if: [{stage: lapsd}]\n", 'unknown stage "lapsd"', 'Did you mean "lapsed"?'),
    "unknown state of the feed": (
        START + "if: [{feed: helthy}]\n",
        '4:13 unknown state of a feed "helthy" in `feed`',
        'Did you mean "healthy"? Allowed here: healthy, quiet, stale.',
    ),
    "state of the feed in Dutch": (START + "if: [{feed: verouderd}]\n", '"verouderd"', 'Did you mean "stale"?'),
    "several states of the feed": (START + "if: [{feed: [healthy]}]\n", "`feed` must be a text, not a list", ""),
    "a feed that nobody watches": (
        START + "if: [{feed: stale}]\n",
        "nobody watches this till's feed, so it is always healthy",
        "feed: {stale_after: 2 days}",
    ),
    "a feed that is never quiet": (
        START + "if: [{feed: quiet}]\n",
        "nobody watches this till's feed, so it is always healthy",
        "feed: {by_store: true}",
    ),
    "absence while the feed is stale": (
        "rule: example\nwhen: lapsing\nif: [{feed: stale}]\nthen: [{tag: seen}]\n",
        "never fires: `lapsing` waits while the feed is stale",
        "Leave `feed` out",
    ),
    "basket of a mistyped category": (
        START + "if: [{basket_has: {category: [drinks, bred]}}]\n",
        'no card and no margin is about the category "bred"',
        'Did you mean "bread"?',
    ),
    "basket of nothing": (START + "if: [{basket_has: {}}]\n", "needs a product or a category", ""),
    "empty group": (START + "if: [{any: []}]\n", "empty list", ""),
    "unknown action": (
        "rule: example\nwhen: purchase\nthen: [{sned: hello}]\n",
        'unknown word "sned"',
        'Did you mean "send"?',
    ),
    "then is a word": ("rule: example\nwhen: purchase\nthen: send\n", "must be a list of actions", ""),
    "two actions in one": (
        "rule: example\nwhen: purchase\nthen: [{give: free_loaf, tag: seen}]\n",
        'unknown word "tag" beside `give`',
        "dash",
    ),
    "eleven messages": (
        "rule: example\nwhen: purchase\nthen:\n" + "  - send: hello\n" * 11,
        "messages of a rule: 11, and at most 10 are taken",
        "",
    ),
    "a wait for nothing": (
        "rule: example\nwhen: purchase\nthen: [{send: hello}, {wait: 3 days}]\n",
        "nothing stands below the last `wait`",
        "Put below it what is to happen then.",
    ),
    "after that counts from two moments": (
        "rule: example\nwhen: purchase\nthen: [{wait: 3 days}, {send: hello, after: 3 days}]\n",
        "`after` below a `wait` could count from two moments",
        "Put it above the `wait`",
    ),
    "unless at once": (
        "rule: example\nwhen: purchase\nthen: [{send: hello, unless: purchase}]\n",
        "`unless` calls off what waits, and this is sent at once",
        "Add `after: 3 days`",
    ),
    "unless a word that is none": (
        "rule: example\nwhen: purchase\nthen: [{send: hello, after: 3 days, unless: purchas}]\n",
        'unknown trigger "purchas" in `unless`',
        'Did you mean "purchase"?',
    ),
    "a wait without a unit": (
        "rule: example\nwhen: purchase\nthen: [{wait: 3}, {send: hello}]\n",
        '"3" is not a length of time',
        "Write a whole number and a unit",
    ),
    "a wait of nothing": (
        "rule: example\nwhen: purchase\nthen: [{wait: 0 days}, {send: hello}]\n",
        "`wait` must be longer than zero",
        "",
    ),
    "a wait of two years": (
        "rule: example\nwhen: purchase\nthen: [{send: hello, after: 800 days}]\n",
        '"800 days" is longer than 366 days',
        "Nothing waits for longer than a year.",
    ),
    "otherwise without if": (
        "rule: example\nwhen: purchase\nthen: [{tag: seen}]\notherwise: [{send: hello}]\n",
        "`otherwise` needs `if`",
        "",
    ),
    "one variant": (
        "rule: example\nwhen: purchase\nthen: [{send: {a: hello}}]\n",
        "one variant alone is compared with nothing",
        "Write `send: {a: …, b: …}`.",
    ),
    "a variant with a strange name": (
        'rule: example\nwhen: purchase\nthen: [{send: {a: hello, "B!": hello}}]\n',
        '"B!" cannot be the name of a variant',
        "small letters",
    ),
    "a variant of a template that is none": (
        "rule: example\nwhen: purchase\nthen: [{send: {a: hello, b: helo}}]\n",
        'unknown template "helo" in `send: b`',
        'Did you mean "hello"?',
    ),
    "stamps on a card that is none": (
        "rule: example\nwhen: purchase\nthen: [{add_stamps: {bred: 2}}]\n",
        'unknown card "bred" in `add_stamps`',
        'Did you mean "bread"?',
    ),
    "stamps without a card": (
        "rule: example\nwhen: purchase\nthen: [{add_stamps: 2}]\n",
        "`add_stamps` needs a card and a number",
        "Write it as `add_stamps: {bread: 2}`.",
    ),
    "too many stamps": (
        "rule: example\nwhen: purchase\nthen: [{add_stamps: {bread: 51}}]\n",
        "`add_stamps: bread` must be from 1 to 50, not 51",
        "",
    ),
    "a tier that is none": (
        "rule: example\nwhen: purchase\nthen: [{set_tier: golden}]\n",
        'unknown tier "golden" in `set_tier`',
        'Did you mean "gold"?',
    ),
    "taking a tier away": (
        "rule: example\nwhen: purchase\nthen: [{set_tier: none}]\n",
        "`set_tier: none` would take a tier away",
        "Nobody loses a tier by a rule; `for: 1 year` beside it says when one that a rule gives is over.",
    ),
    "a tier for a while that is none": (
        "rule: example\nwhen: purchase\nthen: [{set_tier: gold, for: 1 yaer}]\n",
        '"1 yaer" is not a span of time',
        'Did you mean "1 year"?',
    ),
    "unknown template": (
        "rule: example\nwhen: purchase\nthen: [{send: helo}]\n",
        'unknown template "helo"',
        'Did you mean "hello"?',
    ),
    "unknown reward": (
        "rule: example\nwhen: purchase\nthen: [{give: free_lof}]\n",
        'unknown reward "free_lof"',
        'Did you mean "free_loaf"?',
    ),
    "unknown channel": (
        "rule: example\nwhen: purchase\nthen: [{send: hello, by: [smss]}]\n",
        'unknown channel "smss"',
        'Did you mean "sms"?',
    ),
    "unknown option": (
        "rule: example\nwhen: purchase\nthen: [{give: free_loaf, valid: 3 days}]\n",
        'unknown word "valid"',
        'Did you mean "valid_for"?',
    ),
    "tag both ways": (
        "rule: example\nwhen: purchase\nthen: [{tag: {add: a, remove: a}}]\n",
        "both added and removed",
        "",
    ),
    "template for another channel": (
        "rule: example\nwhen: purchase\nthen: [{send: hello, by: [whatsapp]}]\n",
        "not written for whatsapp",
        "Add `whatsapp`",
    ),
    "voucher without give": (
        "rule: example\nwhen: purchase\nthen: [{send: free_loaf}]\n",
        "speaks of a voucher, and this rule gives none",
        "give",
    ),
    "rewarded twice": (
        "rule: example\nwhen: {stamp_card_completed: rewarded}\nthen: [{give: free_loaf}]\n",
        "rewarded twice",
        "Take `give` out",
    ),
    "rewarded twice by number": (
        "rule: example\nwhen: {stamp_card_reaches: {rewarded: 3}}\nthen: [{give: free_loaf}]\n",
        "rewarded twice",
        "",
    ),
    "basket of the silent": (
        "rule: example\nwhen: lapsing\nif: [{store: dok-noord}]\nthen: [{tag: seen}]\n",
        "never fires",
        "store is dok-noord",
    ),
    "basket of the silent, negated": (
        "rule: example\nwhen: lapsing\nif: [{none: [{basket_has: {product: a}}]}]\nthen: [{tag: seen}]\n",
        "never fires",
        "",
    ),
    "figure already passed": (
        "rule: example\nwhen: {visits_reached: 10}\nif: [{visits: {less_than: 10}}]\nthen: [{tag: seen}]\n",
        "never fires: at visit number 10 it is not true that visits less than 10",
        "",
    ),
    "voucher of no length": (
        "rule: example\nwhen: purchase\nthen: [{give: free_loaf, valid_for: 0 days}]\n",
        "`valid_for` must be longer than zero",
        "",
    ),
    "hours at night": (START + 'timing: {send_between: "21:00-08:00"}\n', "sending at night", '"08:00-21:00"'),
    "hours outside the house's": (
        'rule: example\nwhen: purchase\nthen: [{send: hello}]\ntiming: {send_between: "20:00-21:00"}\n',
        "never sends",
        "Choose",
    ),
    "unknown timing": (START + "timing: {send: x}\n", 'unknown word "send" in `timing`', "send_between"),
    "no patience": (START + "timing: {give_up_after: 0 hours}\n", "must be longer than zero", ""),
    "send_late": (START + "timing: {send_late: maybe}\n", "must be true or false", ""),
    "budget beside limits": (START + "budget: 200 EUR\n", 'unknown word "budget"', "`limits: {budget: …}`"),
    "budget without money": (START + "limits: {budget: much}\n", "is not an amount of money", "EUR"),
    "budget of nothing": (START + "limits: {budget: 0 EUR}\n", "`budget` is nothing at all", "paused"),
    "budget in dollars": (START + "limits: {budget: 20 USD}\n", "`budget` is in USD", "counts in EUR"),
    "budget per fortnight": (START + "limits: {budget: 20 EUR per fortnight}\n", 'unknown word "fortnight"', "month"),
    "budget's end": (
        START + "limits: {budget: {amount: 20 EUR, when_spent: hard}}\n",
        'unknown word "hard" in `when_spent`',
        "stop",
    ),
    "budget without amount": (START + "limits: {budget: {per: month}}\n", "`budget` needs `amount`", "amount: …"),
    "unknown campaign": (START + "campaign: autumn\n", 'unknown campaign "autumn"', "spring"),
    "unknown limit": (START + "limits: {cooldown: 7 days}\n", 'unknown word "cooldown"', 'Did you mean "cool_down"?'),
    "hold_out": (START + "limits: {hold_out: 0.1}\n", "not a whole percentage", '"10%"'),
    "messages": (START + "limits: {messages: 500}\n", "`messages`", '"500 per day"'),
    "priority": (START + "priority: 101\n", "from 0 to 100", ""),
    "tests": (START + "tests: {}\n", "`tests` must be a list", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_told_with_its_place_and_remedy(load, name: str):
    rule, message, hint = MISTAKES[name]
    found = told(load(rule))
    assert any(message in line and hint in line.partition(" | ")[2] for line in found), found


def test_all_mistakes_of_a_file_are_told_at_once(load):
    rule = "rule: example\nstatsu: live\nwhen: purchased\nif: [{visit: 1}]\nthen: [{sned: x}]\npriority: 999\n"
    assert len(told(load(rule))) == 5


def test_a_rule_with_a_mistake_leaves_nothing_fit_to_publish(load):
    assert not load(START + "statsu: live\n").ok
    assert load(START).ok


def test_a_problem_reads_as_place_line_caret_hint_and_what_it_means(load):
    text = render_problems(load(START + "if:\n  - store: dok-nord\n").problems)
    assert text.splitlines() == [
        'rules/example.yaml:5:12: unknown store "dok-nord" in `store`',
        "    5 |   - store: dok-nord",
        "      |            ^^^^^^^^",
        '      Did you mean "dok-noord"? Allowed here: dok-noord, korenmarkt.',
        "",
        "Nothing of this is published: the previous version, if there is one, keeps running.",
    ]


def test_one_id_cannot_name_two_rules(load):
    loaded = load(START, more={"rules/other.yaml": START})
    assert any('"example" is the id of rules/example.yaml too' in problem.message for problem in loaded.problems)


def test_a_rule_that_sends_when_the_house_names_no_sender_is_refused(load):
    loaded = load(
        "rule: example\nwhen: purchase\nthen: [{send: hello}]\n",
        program=(load().files["program.yaml"]).replace('sms_sender: "+31201234568", ', ""),
    )
    assert any("no sender is named for sms" in problem.message for problem in loaded.problems)


@pytest.mark.parametrize("before", [0, 5, 150, 299])
def test_of_a_long_line_what_stands_around_the_mistake_is_quoted(before: int):
    line = ("x" * before + "WRONG" + "y" * (400 - before))[:304]
    shown = Problem("rules/a.yaml", 7, before + 1, "unknown word", quoted=line, length=5).render()
    _, quoted, caret = shown.split("\n")

    assert len(quoted) <= MAX_QUOTED + len("    7 | ……")
    assert quoted[caret.index("^") : caret.rindex("^") + 1] == "WRONG"[: 304 - before]


def test_a_line_that_fits_is_quoted_whole():
    line = "x" * MAX_QUOTED

    assert f" | {line}\n" in Problem("rules/a.yaml", 7, 3, "unknown word", quoted=line).render()


def test_files_in_force_that_only_newer_checks_refuse_go_on_to_mean_what_they_meant():
    rule = (
        START
        + "if: [{spend: {at_least: 1.250 EUR}}]\ntests: [{name: a, given: 1 purchase of 1.250 EUR, expect: {nothing: true}}]\n"
    )
    program = small_shop.PROGRAM.replace("categories: [bread]", "per: 1.250 EUR")
    loaded = load_bundle(small_shop.files_of(rule, program), published=True)

    assert loaded.ok, render_problems(loaded.problems)
    assert loaded.program.cards["bread"].amount == 125
    assert not load_bundle(small_shop.files_of(rule, program)).ok

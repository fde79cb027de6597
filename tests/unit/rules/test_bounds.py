"""How much a merchant's files may hold: up to the bound all is well, one more is told, and nothing takes long."""

import pytest

from rules import bounds
from rules.loader import load_bundle
from rules.testing.givens import MAX_STEPS
from rules.yaml.source import MOST_PROBLEMS
from tests.unit.rules.small_shop import HELLO, PROGRAM, files_of

RULE = "rule: {name}\nstatus: live\nwhen: purchase\n"
THEN = "then: [{tag: seen}]\n"


def listed(words: object) -> str:
    return f"[{', '.join(map(str, words))}]"  # type: ignore[call-overload]


def conditions(count: int) -> str:
    return RULE.format(name="example") + f"if: {listed('{visits: {at_least: 1}}' for _ in range(count))}\n" + THEN


def nested(count: int) -> str:
    half = listed("{visits: {at_least: 1}}" for _ in range(count // 2))
    other = listed("{visits: {at_least: 1}}" for _ in range(count - count // 2))
    return RULE.format(name="example") + f"if: [{{any: {half}}}, {{all: {other}}}]\n" + THEN


def actions(count: int) -> str:
    return RULE.format(name="example") + f"then: {listed(f'{{tag: t{number}}}' for number in range(count))}\n"


def tags(count: int) -> str:
    return (
        RULE.format(name="example")
        + f"then: [{{tag: {{add: a, remove: {listed(f't{n}' for n in range(count - 1))}}}}}]\n"
    )


def described(count: int) -> str:
    return RULE.format(name="example") + f"description: {'x' * count}\n" + THEN


def program(old: str, new: str) -> dict[str, str]:
    assert old in PROGRAM
    return files_of(program=PROGRAM.replace(old, new, 1))


def stores(count: int) -> dict[str, str]:
    return program("dok-noord: {}, ", "".join(f"s{number}: {{}}, " for number in range(count - 1)))


def rewards(count: int) -> dict[str, str]:
    more = "".join(f", r{number}: {{names: {{nl: x}}}}" for number in range(count - 2))
    return program("{names: {nl: Een brood}}", "{names: {nl: Een brood}}" + more)


def templates(count: int) -> dict[str, str]:
    sid = "HX00000000000000000000000000000001"
    return program(
        "  hello: {}\n", "  hello: {}\n" + "".join(f"  t{n}: {{whatsapp: {{nl: {sid}}}}}\n" for n in range(count - 2))
    )


def languages(count: int) -> dict[str, str]:
    codes = [f"{a}{b}" for a in "abcdefghij" for b in "abcdefghij"][: count - 1]
    return program("languages: [nl]", f"languages: [nl, {', '.join(codes)}]")


def neighbours(count: int) -> dict[str, str]:
    return program(
        "region: NL", f"region: NL\nneighbours: {listed(f'A{letter}' for letter in 'ABCDEFGHIJKLMN'[:count])}"
    )


def nobodys_phones(count: int) -> dict[str, str]:
    numbers = ", ".join(f'"0610000{number:03d}"' for number in range(count))
    return program("region: NL", f"region: NL\nnobodys_phones: [{numbers}]")


def goods(count: int) -> dict[str, str]:
    return program("categories: [bread]", f"products: {listed(f'p{number}' for number in range(count))}")


def margins(count: int) -> dict[str, str]:
    return files_of(program=PROGRAM + f"costs: {{margins: {{{', '.join(f'c{n}: 50%' for n in range(count))}}}}}\n")


def sources(count: int) -> dict[str, str]:
    costs = ", ".join(f"c{number}: 1 EUR" for number in range(count))
    return files_of(program=PROGRAM + f"costs: {{acquisition_by_source: {{{costs}}}}}\n")


def caps(count: int) -> dict[str, str]:
    rates = listed(f"{number + 1} per day" for number in range(count))
    return program("messaging: {", f"messaging: {{caps: {{marketing: {rates}}}, ")


def a_variable(count: int) -> dict[str, str]:
    return program('{"1": voucher.code}', f'{{"1": "Een {{# {"x" * (count - 10)} #}}"}}')


def a_text(count: int) -> dict[str, str]:
    return files_of(**{"templates/nl/hello.j2": f"{HELLO}{{# {'x' * (count - len(HELLO) - 6)} #}}"})


def a_name(count: int) -> dict[str, str]:
    return program("name: The Shop", f"name: {'x' * count}")


def a_rewards_name(count: int) -> dict[str, str]:
    return program("Een brood", "x" * count)


def rules(count: int) -> dict[str, str]:
    more = {f"rules/r{number}.yaml": RULE.format(name=f"r{number}") + THEN for number in range(count - 1)}
    return files_of(**more)


def conditions_in_all(count: int) -> dict[str, str]:
    full, rest = divmod(count, 100)
    texts = [conditions(100)] * full + ([conditions(rest)] if rest else [])
    more = {f"rules/r{number}.yaml": text.replace("example", f"r{number}") for number, text in enumerate(texts)}
    return {**files_of(), **more}


def steps_in_all(count: int) -> dict[str, str]:
    full, rest = divmod(count, MAX_STEPS)
    tests = [MAX_STEPS] * full + ([rest] if rest else [])
    cases = "".join(
        f'  - {{name: a{n}, given: "{each} purchases", expect: {{tag: seen}}}}\n' for n, each in enumerate(tests)
    )
    return files_of(RULE.format(name="example") + THEN + f"tests:\n{cases}")


FULL = {
    "conditions": (lambda n: files_of(conditions(n)), bounds.MOST_CONDITIONS),
    "conditions in groups": (lambda n: files_of(nested(n)), bounds.MOST_CONDITIONS),
    "conditions in all": (conditions_in_all, bounds.MOST_CONDITIONS_IN_ALL),
    "actions": (lambda n: files_of(actions(n)), bounds.MOST_ACTIONS),
    "tags": (lambda n: files_of(tags(n)), bounds.MOST_TAGS_AT_ONCE),
    "a description": (lambda n: files_of(described(n)), bounds.LONGEST_DESCRIPTION),
    "rules": (rules, bounds.MOST_RULES),
    "stores": (stores, bounds.MOST_STORES),
    "rewards": (rewards, bounds.MOST_REWARDS),
    "templates": (templates, bounds.MOST_TEMPLATES),
    "neighbours": (neighbours, bounds.MOST_NEIGHBOURS),
    "phones that are nobody's": (nobodys_phones, bounds.MOST_NOBODYS_PHONES),
    "goods": (goods, bounds.MOST_GOODS),
    "margins": (margins, bounds.MOST_WORDS),
    "sources": (sources, bounds.MOST_WORDS),
    "caps": (caps, bounds.MOST_CAPS),
    "a variable": (a_variable, bounds.LONGEST_TEXT),
    "a text": (a_text, bounds.LONGEST_TEXT),
    "a name": (a_name, bounds.LONGEST_NAME),
    "a reward's name": (a_rewards_name, bounds.LONGEST_NAME),
    "steps in all": (steps_in_all, bounds.MOST_STEPS_IN_ALL),
}


@pytest.mark.parametrize(("files", "most"), FULL.values(), ids=FULL)
def test_up_to_the_bound_all_is_well_and_one_more_is_told(files, most):
    assert [each.render() for each in load_bundle(files(most)).problems if each.severity == "error"] == []
    (problem,) = [each for each in load_bundle(files(most + 1)).problems if each.severity == "error"]
    assert f"{most + 1:,}" in problem.message
    assert f"at most {most:,} are taken" in problem.message


@pytest.mark.parametrize(("files", "most"), FULL.values(), ids=FULL)
def test_what_was_published_before_there_was_a_bound_stays_in_force(files, most):
    assert load_bundle(files(most + 1), published=True).ok


def test_of_very_many_mistakes_so_many_are_told_and_looking_for_the_right_words_ends():
    wrong = "".join(f"s{number}: {{time_zone: Europe/Amsterdm{number}}}, " for number in range(1_500))
    problems = load_bundle(program("dok-noord: {}, ", wrong)).problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert f"these are {MOST_PROBLEMS} problems" in problems[-1].message or any(
        "these are" in p.message for p in problems
    )


def test_more_closed_days_than_count_are_told_before_they_are_made():
    (problem,) = load_bundle(files_of(program=PROGRAM + 'closed: ["0001-01-01 to 9999-12-31"]\n')).problems
    assert "longer than the 4,000 days that count" in problem.message


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("a purchase, then " + ", then ".join(["3660 days pass"] * 3), "at most twenty years"),
        ("9" * 5_000 + " purchases", "at most 2,000 steps"),
        ("a purchase, then a refund of the " + "9" * 5_000 + "th", "there is no"),
        ("a purchase on 9999-12-31", "between 1970 and 2199"),
        ("2 purchases, every 999 days from 2199-06-01", "between 1970 and 2199"),
        ("a purchase, then " + ", then ".join(["1 minutes pass"] * MAX_STEPS), "at most 2,000 steps"),
    ],
    ids=["long", "many", "which", "late", "into it", "waits"],
)
def test_a_test_that_would_never_end_is_told(given, told):
    rule = RULE.format(name="example") + THEN + f'tests: [{{name: a, given: "{given}", expect: {{tag: seen}}}}]\n'
    (problem,) = load_bundle(files_of(rule)).problems
    assert told in problem.message


def test_a_test_that_looks_for_something_in_a_thousand_years_is_told():
    expect = '{tag: seen, at: "2190-01-01 10:00"}'
    rule = RULE.format(name="example") + THEN + f"tests: [{{name: a, given: a purchase, expect: {expect}}}]\n"
    (problem,) = load_bundle(files_of(rule)).problems
    assert "more than twenty years after the last step" in problem.message

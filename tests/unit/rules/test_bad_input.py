"""Whatever stands in a file, loading it ends in problems and never in an exception."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.loader import LoadedMerchant, load_bundle
from tests.unit.rules.plain_data import data_of
from tests.unit.rules.small_shop import PROGRAM, files_of

RULE = """
rule: example
description: All words of the language.
status: canary 5%
when: {stamp_card_reaches: {bread: 5}}
once_per: card
if: [{visits: {at_least: 3}}, {any: [{store: [dok-noord]}, {weekday: tuesday}]}, {none: [{basket_has: {category: bread}}]}, {spend: {more_than: 5 EUR}}, {stage: new}]
then: [{give: free_loaf, valid_for: 30 days}, {send: free_loaf, by: [whatsapp]}, {tag: {add: a, remove: [b]}}]
timing: {send_between: "09:00-20:00", if_outside: wait, give_up_after: 24 hours, send_late: true}
limits: {cool_down: 7 days, messages: 500 per day, hold_out: 10%}
priority: 60
tests:
  - {name: x, given: 7 purchases of bread, expect: [{give: free_loaf, on: 2026-10-07}, {send: free_loaf, at: 2026-10-07 09:00}]}
  - {name: y, given: [{purchase: {of: bread, amount: 5 EUR, store: dok-noord}, at: 2026-10-07 09:00}, {refund: last}, {pass: 3 days}, {language: nl}], expect: {nothing: true}}
"""
ODD: list[Any] = [None, "x", -1, True, [], {}, [[]], {"a": {"b": [1]}}]


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        yield from paths_of(value, (*path, key))


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


def load(files: Mapping[str, str]) -> LoadedMerchant:
    """Read files; that they are refused for a fault of ours is for a fault of ours only."""
    loaded = load_bundle(files)
    assert [problem.message for problem in loaded.problems if "on our side" in problem.message] == []
    return loaded


def test_the_rule_with_all_words_is_right():
    assert [problem.render() for problem in load(files_of(RULE)).problems] == []


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("which", ["rule", "program"])
def test_an_odd_value_in_any_place_is_a_problem_and_no_exception(which: str, odd: Any):
    data = data_of({"rule": RULE, "program": PROGRAM}[which])
    for path in paths_of(data):
        text = json.dumps(put(data, path, odd))
        loaded = load(files_of(text) if which == "rule" else files_of(RULE, text))
        if odd in ([[]], {"a": {"b": [1]}}):
            assert not loaded.ok, path


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab:-[]{}\"'#&*!|>%@`,?\n \t\\0x~é\x00\ud800", max_size=60))
def test_any_text_is_read_or_refused(text: str):
    load(files_of(text, PROGRAM))
    load(files_of(RULE, text))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(RULE) - 1),
    st.integers(0, 12),
    st.sampled_from(["", "\n", " ", ":", "[", "}", '"', "- ", "\t", "0"]),
)
def test_a_slip_of_the_keyboard_is_read_or_refused(at: int, length: int, instead: str):
    load(files_of(RULE[:at] + instead + RULE[at + length :]))


ODD_WORDS = (
    "²", "٣", "\uff11", "٣ days", "\uff12\uff11:00", "é", "\ud800", "\x00", "\u2028", "0123", "-0", "1e99", "NaN", ".inf", "null", "~", "[]",
    "{a: b}", "''", "*a", "&a", "!!str", "{{", "%}", "2026-02-30", "24:00", "25:61", "9999999999 days", "0 days", "101%",
    "5 XXX", "99999999999999999999 EUR", "0.001 EUR", "once", "any", "none", "..", "Europe", "9" * 5_000, "(" * 200,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["rule", "program"]),
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(ODD_WORDS)), max_size=3),
)
def test_words_that_look_like_others_are_read_or_refused(which: str, odd: list[tuple[int, str]]):
    words = re.split(r"(\W+)", {"rule": RULE, "program": PROGRAM}[which])
    for place, word in odd:
        words[place % len(words)] = word
    load(files_of("".join(words)) if which == "rule" else files_of(RULE, "".join(words)))


DEEP = {
    "brackets": "{{ " + "(" * 300 + "customer.name" + ")" * 300 + " }}",
    "a sum": "{{ " + " + ".join(["customer.name"] * 3_000) + " }}",
    "negations": "{{ " + "not " * 2_000 + "customer.name }}",
    "blocks": "{% if customer.name %}" * 300 + "{% endif %}" * 300,
    "a loop": "{% for a in customer.first_name %}{{ a }}{% endfor %}",
    "padding": "{{ 'x' | center(999999999) }}",
    "a format": "{{ '%999999999d' % 1 }}",
    "a format that is a filter": "{{ '%999999999d' | format(1) }}",
    "a method that pads": "{{ 'x'.ljust(999999999) }}",
    "a method that formats": "{{ '{:999999999}'.format(1) }}",
    "a range": "{{ range(999999999) | length }}",
    "a name in a thing that is not there": "{% set merchant.name = 'x' %}Hallo",
    "what doubles": "{% set a = 'xx' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "a macro": "{% macro a() %}{% endmacro %}{{ merchant.name }}",
    "loops": "{% for a in customer.name %}" * 25 + "{% endfor %}" * 25,
    "a number": "{{ " + "9" * 5_000 + " }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a product": "{{ 'x' * 9999999999 }}",
    "a filter": "{{ customer.name | no_such_filter }}",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_template_that_cannot_become_a_message_is_a_problem_at_once_and_not_when_it_is_due(text: str):
    loaded = load_bundle(files_of(RULE) | {"templates/nl/free_loaf.j2": f"{text} Stop? Antwoord STOP"})
    assert [problem.file for problem in loaded.problems if problem.severity == "error"] == ["templates/nl/free_loaf.j2"]


def test_a_fault_of_ours_while_loading_is_a_problem_of_these_files_alone(monkeypatch: pytest.MonkeyPatch):
    def breaks(*_: Any) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr("rules.loader.lint_rules", breaks)
    loaded = load_bundle(files_of(RULE), "x")
    assert not loaded.ok
    assert [problem.message for problem in loaded.problems] == ["these files cannot be read: KeyError on our side"]

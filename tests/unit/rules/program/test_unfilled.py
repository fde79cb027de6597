"""What looks like a word to be filled in, and would go out to people as it stands."""

from __future__ import annotations

import pytest

from rules.loader import load_bundle
from rules.program.unfilled import holds_words, unfilled
from tests.unit.rules.small_shop import HELLO, PROGRAM

FIRST_NAME = "{{ customer.first_name }}"
LOOKS_FILLED = [
    ("customer.first_name or 'klant'", "{{ customer.first_name or 'klant' }}"),
    ("customer['first_name']", "{{ customer['first_name'] }}"),
    ("customer.first_name if customer.first_name else 'klant'", None),
    ("voucher.code | upper", "{{ voucher.code | upper }}"),
    ("Customer.First_Name", FIRST_NAME),
    ("Hallo customer.first_name, dag", FIRST_NAME),
    ("Je code: voucher.code.", "{{ voucher.code }}"),
    ("Geldig tot valid_until", "{{ voucher.valid_until }}"),
    ("Hallo {customer.first_name}", FIRST_NAME),
    ("Hallo {customer.first_name or 'klant'}", "{{ customer.first_name or 'klant' }}"),
    ("Hallo ${customer.first_name}", FIRST_NAME),
    ("Hallo ${naam}", FIRST_NAME),
    ("Hallo $naam", FIRST_NAME),
    ("Hallo %s", ""),
    ("Nog %d stempels", ""),
    ("Hallo %1$s", ""),
    ("Hallo %(naam)s", FIRST_NAME),
    ("Hallo %voornaam%", FIRST_NAME),
    ("Hallo [voornaam]", FIRST_NAME),
    ("Hallo [customer.first_name or 'klant']", "{{ customer.first_name or 'klant' }}"),
    ("Hallo <naam>", FIRST_NAME),
    ("Hallo <<prénom>>", FIRST_NAME),
    ("Hallo <customer.name>", "{{ customer.name }}"),
    ("Hallo *|NAAM|*", FIRST_NAME),
    ("Hallo #naam#", FIRST_NAME),
    ("Hallo __naam__", FIRST_NAME),
    ("Hallo ((naam))", FIRST_NAME),
    ("Hallo {{1}}", ""),
    ("Hallo {{ 2 }}, dag", ""),
]
IS_TEXT = [
    "Hallo {{ customer.first_name or 'klant' }}",
    "{% if customer.first_name %}Hallo {{ customer.first_name }}{% endif %}{# {naam} #}",
    "[Bakkerij Noord] 10% korting op alles, 5%sale",
    "[Shop] hoi",
    "www.card.stamps.nl of https://x.nl/voucher.code",
    "Kost $5 <3 [1] of [2], 100 % service #brood @winkel",
    "Je naam en je code staan op de kaart",
]


@pytest.mark.parametrize(("text", "instead"), LOOKS_FILLED)
def test_a_word_in_no_braces_or_in_others_is_told_with_the_right_way(text: str, instead: str | None) -> None:
    [found] = unfilled(text)
    assert found.text in text
    assert found.instead == (f"{{{{ {text} }}}}" if instead is None else instead)


@pytest.mark.parametrize("text", IS_TEXT)
def test_what_people_write_is_none(text: str) -> None:
    assert list(unfilled(text)) == []


def test_an_expression_as_a_variable_is_refused_with_what_to_write() -> None:
    program = PROGRAM.replace('variables: {"1": voucher.code}', 'variables: {"1": "customer.first_name or \'klant\'"}')
    found = load_bundle({"program.yaml": program, "templates/nl/hello.j2": HELLO}).problems
    assert [(each.severity, each.hint) for each in found if "as it stands" in each.message] == [
        ("error", "Write {{ customer.first_name or 'klant' }}.")
    ]


def test_names_of_rewards_and_shops_are_no_templates() -> None:
    assert holds_words("Koffie voor {{ customer.first_name }}")
    assert holds_words("Koffie voor [naam]")
    assert not holds_words("Koffie [groot]")
    program = PROGRAM.replace("name: ", "name: '{{ merchant.name }}' #", 1)
    found = load_bundle({"program.yaml": program, "templates/nl/hello.j2": HELLO}).problems
    assert any("it is no template" in each.message for each in found)

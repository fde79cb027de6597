"""What reads like a template and could never be sent is refused when files are checked, and not when a message is due."""

import pytest

from channels.render import RenderError, render_text
from rules.loader import load_bundle
from rules.program.template_check import TemplateSyntaxError, mistake_in
from tests.unit.rules.small_shop import PROGRAM, files_of

GOOD = (
    "Hallo {{ customer.first_name or 'daar' }}, je code is {{ voucher.code }}.",
    "{% if customer.first_name | length > 9 %}{{ customer.first_name[9] }}{% endif %}",
    "{% if card.missing != '0' %}{{ 8 // (card.missing | int) }}{% endif %}",
    "{% set groet = 'Dag' %}{{ groet }} {{ customer.first_name or 'daar' }}",
    "{{ customer['first_name'] or 'daar' }}",
    "{% if card.stamps == '9' %}vol{% elif card.stamps == '8' %}bijna{% else %}nog niet{% endif %}",
    "{{ 'Dag' if customer.first_name else 'Hallo' }}",
    "{{ customer.name[:3] | upper }}",
)
BAD = (
    ("{% set groet = 1 %}{{ groet.dag }}", "`.dag` asks for a part"),
    ("{{ customer.first_name.x }}", "`.x` asks for a part"),
    ("{{ 'abc'.upper }}", "`.upper` asks for a part"),
    ("{{ none.x }}", "`.x` asks for a part"),
    ("{% set customer = 'Noor' %}{{ customer }}", "`set customer` takes the place"),
    ("{{ customer.first_name + 1 }}", "cannot be rendered"),
    ("{{ 1 / 0 }}", "cannot be rendered"),
    ("{{ customer.first_name | abs }}", "cannot be rendered"),
    ("{{ 'x' | replace('a') }}", "cannot be rendered"),
    ("{{ -customer.name }}", "cannot be rendered"),
    ("{{ customer.name < 3 }}", "cannot be rendered"),
    ("{{ customer.name is divisibleby(3) }}", "cannot be rendered"),
    ("{{ customer.name | truncate(-5) }}", "cannot be rendered"),
    ("{{ [] | first }}", "cannot be rendered"),
    ("{{ customer.name in 3 }}", "cannot be rendered"),
    ("{{ customer.first_name[9] }}", "cannot be rendered"),
    ("{{ customer.first_name[0] }}", "for somebody who gave no name"),
    ("{% if customer.name == 'q' %}{{ card.size + 1 }}{% endif %}", "a part of it cannot be rendered"),
    ("{% if customer.name %}a{% else %}{{ card.size + 1 }}{% endif %}", "cannot be rendered"),
    ("{% if card.size == '1' %}a{% elif card.size == '2' %}{{ -card.size }}{% endif %}", "a part of it cannot be"),
    ("{{ 'a' if card.size else -card.size }}", "a part of it cannot be rendered"),
)
SLOW = (
    ("{{ 1 | round(300000000, 'floor') }}", "15 places"),
    ("{{ 1 | round(-300000000, 'ceil') }}", "15 places"),
    ("{% set much = 'f' %}{{ (much | replace('', '" + "f" * 900 + "')) | int(0, 16) }}", "40 characters"),
    ("{% set much = '" + "x y " * 900 + "' %}{{ much | title }}", "in quotes"),
    ("{{ customer.name" + " | title" * 90 + " }}", "in a row"),
    ("{{ customer.name | title | title }}" * 30, "50 filters"),
    ("{{ 1 " + "< 1 " * 4_900 + "}}", "1,000 words"),
)
"""What would keep a worker busy: the first for hours."""


@pytest.mark.parametrize("text", GOOD)
def test_what_can_be_sent_has_no_mistake(text):
    assert mistake_in(text) == ""


@pytest.mark.parametrize(("text", "told"), BAD)
def test_what_could_never_be_sent_has_one(text, told):
    assert told in mistake_in(text)


@pytest.mark.parametrize(("text", "told"), SLOW)
def test_what_would_keep_a_worker_busy_is_refused_at_the_door_and_fails_its_message_alone(text, told):
    try:
        found = mistake_in(text)
    except TemplateSyntaxError as error:
        found = str(error)
    assert told in found
    words = {"customer": {"name": "Noor"}}
    with pytest.raises(RenderError):
        render_text(text, words, template="hello", locale="nl", longest=1_600)


def test_it_is_told_at_the_door_and_ends_nothing_that_was_published_before():
    name = "templates/nl/hello.j2"
    files = files_of(**{name: "Dag {{ customer.first_name + 1 }}. Stop? STOP"})
    checked, published = load_bundle(files), load_bundle(files, published=True)
    (problem,) = [each for each in checked.problems if each.severity == "error"]
    assert (problem.file, checked.ok, published.ok) == (name, False, True)
    assert "reckons with a text as if it were a number" in problem.message


def test_a_variable_of_whatsapp_is_tried_as_well():
    program = PROGRAM.replace('"1": voucher.code', '"1": "{{ voucher.code / 2 }}"')
    (problem,) = [each for each in load_bundle(files_of(program=program)).problems if each.severity == "error"]
    assert problem.file == "program.yaml"
    assert "reckons with a text as if it were a number" in problem.message

"""A text that prints a name says something else to those who gave none, and `rules check` notices one that does not."""

import pytest

from rules.loader import load_bundle
from rules.program.template_check import prints_no_name
from stamgast.programs.record import BundleRecord, load_record
from tests.unit.rules.small_shop import files_of

NAME = "customer.first_name"


@pytest.mark.parametrize(
    "text",
    [
        "{% if customer.first_name %}Dag {{ customer.first_name }}, {% endif %}uw kaart is vol",
        "{{ customer.first_name or 'klant' }}",
        "{{ customer.first_name | default('klant', true) }}",
        "{{ (customer.first_name | trim | title) or 'klant' }}",
        "{{ customer.first_name if customer.first_name else 'klant' }}",
        "{% if customer.first_name != '' %}{{ customer.first_name }}{% endif %}",
        "{% if customer.first_name | length > 0 %}{{ customer.name }}{% endif %}",
        "{% if not customer.name %}Dag{% else %}{{ customer.name }}{% endif %}",
        "{{ merchant.name }}",
    ],
)
def test_a_text_with_something_to_say_instead_is_fine(text):
    assert prints_no_name(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Dag {{ customer.first_name }}, uw kaart is vol",
        "{{ customer.first_name | upper }}",
        "{{ 'Dag ' ~ customer.first_name }}",
        "{{ customer.first_name | default('klant') }}",
        "{% if card.missing %}{{ customer.first_name }}{% endif %}",
    ],
)
def test_a_text_with_a_hole_in_it_is_noticed(text):
    assert prints_no_name(text) == NAME


def told(files):
    return [(each.file, each.severity, each.message) for each in load_bundle(files).problems]


def test_such_a_text_is_an_error_where_it_stands():
    files = files_of()
    hello = {"templates/nl/hello.j2": "Dag {{ customer.first_name }}! Stop? Antwoord STOP"}
    (problem,) = told(files | hello)
    assert problem[:2] == ("templates/nl/hello.j2", "error")
    assert "is empty for those who gave no name" in problem[2]
    variable = files["program.yaml"].replace("voucher.code", NAME)
    assert variable != files["program.yaml"]
    (problem,) = told(files | {"program.yaml": variable})
    assert "WhatsApp takes no empty variable" in problem[2]


def test_a_bundle_that_was_published_with_it_keeps_running_and_its_files_are_published_no_more():
    files = files_of() | {"templates/nl/hello.j2": "Dag {{ customer.first_name }}! Stop? Antwoord STOP"}
    assert not load_bundle(files).ok
    record = BundleRecord(merchant="shop", hash="", files=files, clv={}, published_at=0)
    loaded = load_record(record)
    assert (loaded.ok, loaded.problems) == (True, ())
    assert loaded.program.templates["hello"].sms["nl"] == files["templates/nl/hello.j2"]

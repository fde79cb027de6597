"""Names of people as messages say them, whoever took them."""

import pytest

from stamgast.domain.message_words import message_variables
from stamgast.domain.names import LONGEST_FIRST_NAME, could_be_a_name, said_name
from tests.builders import program


@pytest.mark.parametrize("name", ["Noor", "Zoë", "Anne-Marie", "J. de Vries", "O\u2019Brien", "Łukasz", "Jan Jr."])
def test_names_are_said_as_they_are(name):
    assert could_be_a_name(name)
    assert said_name(f" {name}  ", LONGEST_FIRST_NAME) == name


@pytest.mark.parametrize(
    "stored",
    [
        "win.example/nu",
        "https://x",
        "Noor\u202eroo",
        "N00r",
        "a@b",
        "€ 5 gratis!",
        "x" * 41,
        "   ",
        "Noor<br>",
        "Noor 🎁",
    ],
)
def test_what_would_be_refused_today_is_said_as_no_name(stored):
    words = message_variables(program(), {}, "nl", first_name=stored, name=stored)
    assert words["customer"]["first_name"] == ""


def test_who_has_a_good_first_name_is_called_by_it():
    words = message_variables(program(), {}, "nl", first_name="Noor", name="Noor http://x")
    assert words["customer"] == {"first_name": "Noor", "name": "Noor"}

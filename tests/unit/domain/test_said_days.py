# ruff: noqa: RUF001 - people write such digits
"""A day of the year is read as people in four languages write it, and in doubt it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.said_days import SaidDay, read_day

THIRD_OF_MAY = [
    "3 mei", "3 Mei!", "03/05", "3/5", "3.5.", "3.5", "03-05", "3 - 5", "le 3 mai", "3 mai", "3. Mai", "May 3rd", "May 3",
    "3rd of May", "the 3rd of May", "3e mei", "3de mei", "Ik ben jarig op 3 mei", "mijn verjaardag is 3 mei 🎂",
    "Mon anniversaire est le 3 mai", "C'est le 3 mai", "mein Geburtstag ist am 3. Mai", "my birthday is May 3rd, thanks",
    "I'm born on May 3", "３ mei", "٣ mei", "3 MEI aub", "3/05/88", "3 mei 88",
]  # fmt: skip
WITH_YEAR = [
    "3 mei 1988",
    "03/05/1988",
    "3.5.1988",
    "1988-05-03",
    "May 3rd, 1988",
    "née le 3 mai 1988",
    "3-5-1988",
    "3. 5. 1988",
]
NONE = [
    "", "mei", "3", "3 5", "32 mei", "30 februari", "31/4", "13/13", "0/5", "3 mei of 4 mei", "3 mei en 4 juni", "morgen",
    "3 mei kom ik langs", "ik kom op 3 mei", "10.30", "0612345678", "3/5/19888", "8/10 lekker", "maart", "may I ask",
    "I may come at 3", "3,5", "tussen 3/5 en 4/5", "x" * 200, "3 mei\n4 mei", "1988", "29/2/1989", "half mei",
]  # fmt: skip


@pytest.mark.parametrize("text", THIRD_OF_MAY)
def test_the_third_of_may(text: str):
    assert read_day(text) == SaidDay(5, 3)


@pytest.mark.parametrize("text", WITH_YEAR)
def test_a_year_that_was_said_is_kept(text: str):
    assert read_day(text) == SaidDay(5, 3, 1988)


@pytest.mark.parametrize("text", NONE)
def test_in_doubt_it_is_no_day(text: str):
    assert read_day(text) is None


@pytest.mark.parametrize(
    ("text", "country", "day"),
    [
        ("03/05", "US", (3, 5)),
        ("03/05", "BE", (5, 3)),
        ("05/23", "NL", (5, 23)),
        ("23/05", "US", (5, 23)),
        ("3 mei", "US", (5, 3)),
    ],
)
def test_what_could_be_two_days_is_read_by_the_country(text: str, country: str, day: tuple[int, int]):
    assert read_day(text, country) == SaidDay(*day)


def test_names_and_the_first_of_a_month_and_leap_days():
    names = {"1 janvier": (1, 1), "1er mars": (3, 1), "eerste augustus": (8, 1), "12. Dezember": (12, 12), "29 feb": (2, 29),
             "31 oct.": (10, 31), "24 Août": (8, 24), "1. März": (3, 1), "15 sept": (9, 15), "Feb 2nd": (2, 2)}  # fmt: skip
    assert {text: read_day(text) for text in names} == {text: SaidDay(*day) for text, day in names.items()}


@given(st.text(max_size=120))
def test_any_text_is_a_day_or_none(text: str):
    found = read_day(text)
    assert found is None or len(found.in_year) == 5

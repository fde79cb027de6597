"""No text of a page is missing in a language, and each writes money and days its own way."""

import subprocess
import sys
from pathlib import Path

import pytest

from stamgast.web.pages.formats import filters
from stamgast.web.pages.languages import LOCALES, known, texts

ROOT = Path(__file__).parents[4]


def test_every_text_is_there_in_every_language():
    """`scripts/catalogues.py` writes the files; a text that changed, or a guess, fails here."""
    done = subprocess.run(
        [sys.executable, "scripts/catalogues.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tag", ["nl", "nl-BE", "NL", "nl_NL"])
def test_a_tag_means_its_language(tag: str):
    assert known(tag) == "nl"


@pytest.mark.parametrize(
    ("language", "amount", "date", "figure"),
    [
        ("nl", "€\u00a01.234,50", "1 oktober 2026", "12.345"),
        ("fr", "1\u00a0234,50\u00a0€", "1 octobre 2026", "12\u00a0345"),
        ("de", "1.234,50\u00a0€", "1. Oktober 2026", "12.345"),
        ("en", "€1,234.50", "1 October 2026", "12,345"),
    ],
)
def test_money_days_and_figures_are_written_as_a_language_does(language: str, amount: str, date: str, figure: str):
    write = filters(language)

    assert write["money"](123_450, "EUR") == amount
    assert write["day"]("2026-10-01") == date
    assert write["number"](12_345) == figure
    assert "1235" in write["money"](1_235, "JPY").replace(",", "").replace(".", "").replace("\u00a0", "")


def test_plurals_are_those_of_the_language():
    say = {each: texts(each).ngettext for each in LOCALES}
    words = "%(num)d more than last week"

    assert all(say[each](words, words, 0) for each in LOCALES)
    assert say["nl"](words, words, 2) % {"num": 2} == "2 meer dan vorige week"

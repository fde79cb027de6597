"""Dates as Shopify, Loyverse, UCI's Online Retail and spreadsheets write them."""

from datetime import date

import pytest

from stamgast.sheets.dates import DateOrder, read_date, read_moment

EPOCH = date(1970, 1, 1).toordinal()


def day(year: int, month: int, number: int) -> int:
    return date(year, month, number).toordinal() - EPOCH


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2024-03-31", (2024, 3, 31)),
        ("2024-03-31 12:15:18 +0100", (2024, 3, 31)),  # Shopify
        ("2024-03-31T23:30:00-05:00", (2024, 3, 31)),  # Shopify, by its API
        ("2024-03-31T08:35:47.047Z", (2024, 3, 31)),  # Loyverse, by its API
        ("2024-03-31 12:15:18 UTC", (2024, 3, 31)),  # databases
        ("3/31/2024, 8:50 AM GMT", (2024, 3, 31)),
        ("2024-03-31 02:30:00", (2024, 3, 31)),  # an hour that the clock skips is of that day all the same
        ("3/31/24 8:50 AM", (2024, 3, 31)),  # Loyverse's back office, in America
        ("3/31/24, 8:50\u202fAM", (2024, 3, 31)),
        ("31/3/24 20:50", (2024, 3, 31)),
        ("12/31/2010 8:26", (2010, 12, 31)),  # Online Retail
        ("2010-12-01 08:26:00", (2010, 12, 1)),
        ("31.3.2024", (2024, 3, 31)),
        ("01.02.2024", (2024, 2, 1)),  # with points the day stands first, whoever writes it
        ("31-03-2024", (2024, 3, 31)),
        ("2024/3/1", (2024, 3, 1)),
        ("05/05/2024", (2024, 5, 5)),
    ],
)
def test_a_date_is_understood_as_it_is_written(text: str, said: tuple[int, int, int]):
    assert read_date(text) == day(*said)


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2024",
        "2024-03-31T25:00",
        "2024-03-31 13:00 PM",
        "2024-03-31 8:50 XM",
        "31/13/2024",
        "24-03-31",
        "0026-03-01",
        "x",
        "",
    ],
)
def test_what_is_none_or_could_be_two_is_no_date(text: str):
    assert read_date(text) is None


def test_a_moment_says_how_far_its_clock_is_ahead():
    moment = read_moment("2024-03-31 12:15:18 +0130")

    assert moment is not None
    assert (moment.ms, moment.ahead) == ((12 * 60 + 15) * 60_000 + 18_000, 90)
    midnight = read_moment("3/4/24 12:00 AM", DateOrder.MONTH_FIRST)
    assert midnight is not None
    assert (midnight.day, midnight.ms, midnight.ahead) == (day(2024, 3, 4), 0, None)

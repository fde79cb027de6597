import pytest

from rules.yaml import words
from rules.yaml.words import Money, Status, WordError
from stamgast.domain.currencies import format_money
from stamgast.domain.program import Window
from stamgast.domain.units import DAY, HOUR, MINUTE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30 days", 30 * DAY),
        ("1 day", DAY),
        ("24 hours", 24 * HOUR),
        ("2 weeks", 14 * DAY),
        ("90 minutes", 90 * MINUTE),
        ("0 days", 0),
    ],
)
def test_durations(text: str, value: int):
    assert words.parse_duration(text) == value


@pytest.mark.parametrize("text", ["30", "30 dagen", "days", "-1 days", "1.5 hours", "9999 weeks", "30d", ""])
def test_what_is_no_duration_says_what_to_write(text: str):
    with pytest.raises(WordError):
        words.parse_duration(text)


def test_hours_of_a_day():
    assert words.parse_hours("09:00-20:00") == Window(540, 1200)
    assert words.parse_hours("00:00 - 24:00") == Window(0, 1440)


def test_hours_over_midnight_are_refused_and_turned_round():
    with pytest.raises(WordError, match="at night") as caught:
        words.parse_hours("21:00-08:00")
    assert caught.value.hint == 'Did you mean "08:00-21:00"?'


def test_hours_that_are_the_night_even_turned_round_are_not_proposed():
    with pytest.raises(WordError, match="at night") as caught:
        words.parse_hours("22:00-02:00")
    assert caught.value.hint == 'Write it as "09:00-20:00".'


@pytest.mark.parametrize("text", ["9:00-20:00", "09:00", "09:00-09:00", "09:60-20:00", "25:00-26:00", "9-20"])
def test_what_is_no_range_of_hours(text: str):
    with pytest.raises(WordError):
        words.parse_hours(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.50 EUR", Money(1250, "EUR")),
        ("12 EUR", Money(1200, "EUR")),
        ("12.5EUR", Money(1250, "EUR")),
        ("500 JPY", Money(500, "JPY")),
        ("1.234 KWD", Money(1234, "KWD")),
    ],
)
def test_money_is_minor_units(text: str, value: Money):
    assert words.parse_money(text) == value


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12,50 EUR", 1250),
        ("€ 12,50", 1250),
        ("€12.50", 1250),
        ("12,50 €", 1250),
        ("EUR 12", 1200),
        ("1.250,00 EUR", 125_000),
        ("1,250.00 EUR", 125_000),
        ("1 250,00 EUR", 125_000),
        ("1\u202f250,00\u00a0€", 125_000),
        ("1'250.00 EUR", 125_000),
        ("1 250 EUR", 125_000),
        ("1.250.000 EUR", 125_000_000),
        ("€ 1.250,-", None),
        ("€ 12,-", 1200),
        ("-5 EUR", -500),
        ("-€ 5,00", -500),
    ],
)
def test_money_as_it_is_written_in_the_low_countries_and_france_is_understood(text: str, minor: int | None):
    if minor is None:
        with pytest.raises(WordError):
            words.parse_money(text)
    else:
        assert words.parse_money(text) == Money(minor, "EUR")


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1.250 EUR", ['"1250 EUR"', '"1.25 EUR"']),
        ("1,250 EUR", ['"1250 EUR"', '"1.25 EUR"']),
        ("€ 1.250", ['"1250 EUR"', '"1.25 EUR"']),
        ("12.345 EUR", ['"12345 EUR"', '"12.35 EUR"']),
        ("1,250 KWD", ['"1250 KWD"', '"1.250 KWD"']),
        ("1.250 JPY", ['"1250 JPY"', '"1 JPY"']),
    ],
)
def test_money_that_can_be_read_two_ways_is_refused_with_both(text: str, readings: list[str]):
    with pytest.raises(WordError) as caught:
        words.parse_money(text)
    assert "two ways" in str(caught.value)
    assert all(each in caught.value.hint for each in readings)


@pytest.mark.parametrize(
    "text", ["12.50", "0.505 EUR", "12.5 JPY", "12 eur", "$ 5", "1.25.0 EUR", "12,50,1 EUR", "12,3456 EUR", "EUR 5 EUR"]
)
def test_what_is_no_amount_of_money_is_refused(text: str):
    with pytest.raises(WordError):
        words.parse_money(text)


def test_money_with_a_comma_is_shown_with_a_point():
    with pytest.raises(WordError) as caught:
        words.parse_money("12,50 eur")
    assert '"12.50 EUR"' in caught.value.hint


def test_money_reads_back_as_it_was_written():
    assert format_money(1250, "EUR") == "12.50 EUR"
    assert format_money(500, "JPY") == "500 JPY"


def test_percentages():
    assert words.parse_percent("10%") == 10
    assert words.parse_margin("62.5%") == words.parse_margin("62,5%") == words.parse_margin("62,5\u202f%") == 625
    for text in ("10", "110%", "2.5%", "-1%"):
        with pytest.raises(WordError):
            words.parse_percent(text)
    for parse, text, hint in (
        (words.parse_percent, "25", '"25%"'),
        (words.parse_margin, "55", '"55%"'),
        (words.parse_margin, "0.55", '"55%"'),
        (words.parse_percent, "12,5%", '"12%"'),
    ):
        with pytest.raises(WordError) as caught:
            parse(text)
        assert hint in caught.value.hint


def test_rates():
    assert words.parse_per_day("500 per day") == 500
    assert words.parse_rate("2 per 7 days") == (2, 7)
    assert words.parse_rate("1 per week") == (1, 7)
    for text in ("500", "500 per week", "0 per day"):
        with pytest.raises(WordError):
            words.parse_per_day(text)


def test_statuses():
    assert words.parse_status("canary 5%") == Status("canary", 5)
    assert words.parse_status("live") == Status("live")
    for text in ("canary", "lives", "live 5%", "canary five"):
        with pytest.raises(WordError):
            words.parse_status(text)


def test_dates_and_moments():
    assert words.parse_date("1970-01-02") == 1
    assert words.parse_moment("1970-01-01 09:30") == (0, 570)
    for text in ("2026-13-01", "2026-02-30", "1-1-2026", "20260101"):
        with pytest.raises(WordError):
            words.parse_date(text)

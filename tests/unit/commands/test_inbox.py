"""What customers wrote, as a terminal shows it."""

import pytest

from stamgast.commands.inbox import in_a_line


def line(text: str) -> str:
    heard: dict[str, object] = {
        "question": None,
        "text": text,
        "button": "",
        "customer": "c1",
        "channel": "sms",
        "photos": [],
        "media": 0,
    }
    return in_a_line(heard, "12:00")


@pytest.mark.parametrize("text", ["\x1b[31mrood", "\x1b]0;titel\x07", "terug\u202efj", "\x9b2J", "weg\x7f\x08\x00"])
def test_nothing_that_somebody_wrote_moves_the_terminal(text: str):
    assert line(text).isprintable()


def test_letters_of_all_languages_and_emoji_are_shown():
    assert line("Zoë, \U0001f642 \u05e9\u05dc\u05d5\u05dd\nja").endswith("Zoë, \U0001f642 \u05e9\u05dc\u05d5\u05dd ja")

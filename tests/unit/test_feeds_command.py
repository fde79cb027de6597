"""`stamgast feeds`: the merchant stands first in every command, and what was written before is still understood."""

import pytest
import typer
from typer.testing import CliRunner

from stamgast.commands import feeds as feeds_command
from stamgast.commands.feed_words import FeedName, find, named, named_to_add
from stamgast.feeds.record import Feed, encode, feed_key
from stamgast.feeds.table import FeedTable

FAMILY = ("pause", "resume", "replay", "rotate", "remove")


def table_of(*names: tuple[str, str]) -> FeedTable:
    table = FeedTable()
    for merchant, name in names:
        feed = Feed(merchant, name, "https://crm.example", 1, {})
        table.note(feed_key(feed.id), encode(feed))
    return table


@pytest.mark.parametrize(
    ("words", "merchant"),
    [(["bakker", "crm", "https://crm.example"], ""), (["crm", "https://crm.example"], "bakker")],
)
def test_a_feed_is_named_by_merchant_name_and_address(words: list[str], merchant: str):
    assert named_to_add(words, merchant) == ("bakker", "crm", "https://crm.example")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["crm", "https://crm.example"], "in this order: `stamgast feeds add MERCHANT NAME URL`"),
        (["bakker", "crm", "https://crm.example", "more"], "in this order"),
        (
            ["bakker", "crm", "https://crm.example", "--merchant", "slager"],
            "named twice, as 'bakker' and by --merchant",
        ),
    ],
)
def test_what_lacks_or_is_said_twice_is_told_with_the_right_order(words: list[str], told: str):
    answered = CliRunner().invoke(feeds_command.app, ["add", *words])
    assert answered.exit_code == 2
    assert told in answered.output


@pytest.mark.parametrize("command", FAMILY)
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bakker", "crm", "more"], "in this order: `stamgast feeds {} MERCHANT NAME`"),
        (["bakker", "crm", "--merchant", "slager"], "named twice, as 'bakker' and by --merchant slager"),
    ],
)
def test_every_other_command_wants_merchant_and_name(command: str, words: list[str], told: str):
    how = ["--laid-aside"] if command == "replay" else []
    answered = CliRunner().invoke(feeds_command.app, [command, *words, *how])
    assert answered.exit_code == 2
    assert told.format(command) in answered.output


def test_a_merchant_that_is_named_twice_for_the_list_is_told():
    answered = CliRunner().invoke(feeds_command.app, ["list", "bakker", "--merchant", "slager"])
    assert answered.exit_code == 2
    assert "`stamgast feeds list MERCHANT`" in answered.output


def test_the_merchant_first_is_understood_without_a_word(capsys: pytest.CaptureFixture[str]):
    found = find(table_of(("bakker", "crm"), ("slager", "crm")), named(["slager", "crm"], "", "pause"))
    assert found.id == ("slager", "crm")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("words", "merchant"), [(["crm"], ""), (["crm"], "bakker")])
def test_what_was_written_before_is_understood_and_answered_with_how_it_is_written_now(
    words: list[str], merchant: str, capsys: pytest.CaptureFixture[str]
):
    found = find(table_of(("bakker", "crm")), named(words, merchant, "pause"))
    assert found.id == ("bakker", "crm")
    assert "`stamgast feeds pause bakker crm`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wanted", "code", "told"),
    [
        (FeedName("", "crm", "pause"), 2, "bakker, slager have a feed crm: say whose is meant, `stamgast feeds pause"),
        (FeedName("bakker", "crn", "pause"), 1, "bakker has no feed 'crn'. Did you mean \"crm\"?"),
        (
            FeedName("crm", "bakker", "pause"),
            2,
            "bakker is a merchant, and stands first: `stamgast feeds pause bakker crm`",
        ),
        (
            FeedName("", "bakker", "pause"),
            2,
            "bakker is a merchant, and stands first: `stamgast feeds pause bakker NAME`",
        ),
        (FeedName("", "nobody", "pause"), 1, "there is no feed 'nobody'"),
        (FeedName("bakkr", "crm", "pause"), 1, "no merchant 'bakkr' has a feed. Did you mean \"bakker\"?"),
    ],
)
def test_a_feed_that_cannot_be_told_is_answered_with_the_nearest_right_thing(
    wanted: FeedName, code: int, told: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(typer.Exit) as ended:
        find(table_of(("bakker", "crm"), ("slager", "crm")), wanted)
    assert ended.value.exit_code == code
    assert told in capsys.readouterr().err

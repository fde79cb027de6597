"""`stamgast feeds add`: the merchant stands first, or behind --merchant as it did before."""

import pytest
from typer.testing import CliRunner

from stamgast.commands import feeds as feeds_command
from stamgast.commands.feeds import _three


@pytest.mark.parametrize(
    ("words", "merchant"),
    [(["bakker", "crm", "https://crm.example"], ""), (["crm", "https://crm.example"], "bakker")],
)
def test_a_feed_is_named_by_merchant_name_and_address(words: list[str], merchant: str):
    assert _three(words, merchant) == ("bakker", "crm", "https://crm.example")


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

"""How a feed is named on the command line: its merchant, then its name, in every command of the family.

What was written before goes on being understood (`--merchant M`, and a name alone that only one merchant has a feed
of), and is answered with how it is written now, on standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, NoReturn

import typer

from stamgast.commands.answering import fail, misuse, say

if TYPE_CHECKING:
    from stamgast.feeds.record import Feed
    from stamgast.feeds.table import FeedTable

FeedWords = Annotated[
    list[str],
    typer.Argument(
        metavar="MERCHANT NAME", help="Whose feed, and which, as `feeds list` shows it.", show_default=False
    ),
]
MerchantInstead = Annotated[str, typer.Option(help="In the place of MERCHANT, as it was written before.")]
_MERCHANT_AND_NAME: Final = 2
_TO_ADD: Final = 3


class FeedName(NamedTuple):
    """A feed as somebody named it."""

    merchant: str
    """Empty where only the name was written."""
    name: str
    command: str
    """Such as pause: what they wanted of it."""

    @property
    def now_written(self) -> str:
        """How it is to be written."""
        return f"stamgast feeds {self.command} {self.merchant or 'MERCHANT'} {self.name}"


def named_to_add(words: Sequence[str], merchant: str) -> tuple[str, str, str]:
    """Merchant, name and URL, as they stand in a row, or with the merchant as an option."""
    how = "stamgast feeds add MERCHANT NAME URL"
    if merchant and len(words) == _TO_ADD:
        twice(words[0], merchant, how)
    given = [merchant, *words] if merchant else [*words]
    if len(given) != _TO_ADD:
        misuse(f"whose it is, what it is called and where to, in this order: `{how}`")
    if merchant:
        say(f"stamgast: the merchant stands first now: `stamgast feeds add {' '.join(given)}`")
    return given[0], given[1], given[2]


def named(words: Sequence[str], merchant: str, command: str) -> FeedName:
    """Whose feed and which. Exits with 2 where that is no one feed."""
    how = f"stamgast feeds {command} MERCHANT NAME"
    if merchant and len(words) == _MERCHANT_AND_NAME:
        twice(words[0], merchant, how)
    given = [merchant, *words] if merchant or len(words) == 1 else [*words]
    if len(given) != _MERCHANT_AND_NAME:
        misuse(f"whose feed it is and what it is called, in this order: `{how}`")
    found = FeedName(given[0], given[1], command)
    if merchant:
        say(f"stamgast: the merchant stands first now: `{found.now_written}`")
    return found


def find(table: FeedTable, wanted: FeedName) -> Feed:
    """The feed that is meant; say so and exit where there is none, or where several merchants have one."""
    everyone = table.all(wanted.merchant)
    found = [each for each in everyone if each.name == wanted.name]
    if not found:
        _none(table, wanted)
    if len(found) > 1:
        whose = ", ".join(each.merchant for each in found)
        misuse(f"{whose} have a feed {wanted.name}: say whose is meant, `{wanted.now_written}`")
    if not wanted.merchant:
        say(f"stamgast: the merchant stands first now: `{wanted._replace(merchant=found[0].merchant).now_written}`")
    return found[0]


def _none(table: FeedTable, wanted: FeedName) -> NoReturn:
    """Say that there is none, and whether it is the merchant that is misspelt, or stands in the wrong place."""
    from rules.yaml.problems import suggest

    merchants = sorted({each.merchant for each in table.all()})
    if wanted.name in merchants and wanted.merchant not in merchants:
        right = wanted._replace(merchant=wanted.name, name=wanted.merchant or "NAME")
        misuse(f"{wanted.name} is a merchant, and stands first: `{right.now_written}`")
    if wanted.merchant and wanted.merchant not in merchants:
        fail(f"no merchant {wanted.merchant!r} has a feed. {suggest(wanted.merchant, merchants)}")
    of = f"{wanted.merchant} has" if wanted.merchant else "there is"
    names = [each.name for each in table.all(wanted.merchant)]
    fail(f"{of} no feed {wanted.name!r}. {suggest(wanted.name, names)}")


def twice(first: str, merchant: str, how: str) -> NoReturn:
    """Say that the merchant stands there in both ways."""
    misuse(f"the merchant is named twice, as {first!r} and by --merchant {merchant}: write `{how}`")

"""Codes of a shop's own, which other systems know too: each is given once, whoever is killed meanwhile.

They come in as lists, one behind the other, and stand in a *pool* with the first partition of customers. A partition
that wants some is dealt the next ones of the pool, in the order of the log, and puts them on its *shelf*; the first of
a shelf is given to the next voucher. Whatever is said twice, or by who has lost a partition, finds other codes standing
there and changes nothing. What a code is stands behind the merchant's veil everywhere (`stamgast.domain.veil`).
"""

import re
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.alerts import Codes
from stamgast.domain.units import Millis

Name = tuple[str, str]
"""Merchant and reward."""

CHUNKS: Final = 4
"""A partition gets a quarter of its equal share of what is left."""
MOST_AT_ONCE: Final = 50
"""It stands in the partition's meta, which is written whenever one is given."""
MOST_BROUGHT: Final = 1_000
"""Codes of one event: some 80 kilobytes."""
LOW_BELOW: Final = 10
"""When a tenth of what came in is left, people are told."""
SHORTEST: Final = 4
LONGEST: Final = 24
"""Letters of a code: it has to fit into an SMS."""
_CODE: Final = re.compile(rf"[A-Z0-9](?:[A-Z0-9._-]{{{SHORTEST - 2},{LONGEST - 2}}})[A-Z0-9]")
_BETWEEN: Final = "."


class Share(Struct, frozen=True, array_like=True):
    """What a pool dealt to one partition last."""

    number: int = 0
    first: int = 0
    count: int = 0


class Pool(Struct, frozen=True, array_like=True):
    """How many codes of a reward were brought in, how many of them are dealt, and to whom."""

    brought: int = 0
    dealt: int = 0
    shares: dict[int, Share] = {}

    @property
    def left(self) -> int:
        """Those that no partition has yet."""
        return self.brought - self.dealt


class Shelf(Struct, frozen=True, array_like=True):
    """A partition's codes of a reward that are still to be given. `number` counts what it was dealt."""

    number: int = 0
    codes: tuple[str, ...] = ()
    left: int = 0
    """What the pool had left behind the newest of them."""
    dry: bool = False
    """The pool had none the last time."""


class Want(Struct, frozen=True, omit_defaults=True):
    """A voucher that waits for its code: as it stands beside a partition's states."""

    merchant: str
    customer: str
    voucher: str
    reward: str
    at: Millis
    owed: bool = False
    """It was earned: it waits until there is a code again."""


encode_want = msgspec.json.Encoder().encode
decode_want = msgspec.json.Decoder(Want).decode
decode_pool = msgspec.json.Decoder(Pool).decode
decode_shelf = msgspec.json.Decoder(Shelf).decode
encode_mark = msgspec.json.Encoder().encode


def plain(text: str) -> str:
    """A code as it is kept: capitals, without blanks; empty for what can be none."""
    code = "".join(text.split()).upper()
    return code if _CODE.fullmatch(code) else ""


def bare(code: str) -> str:
    """A code as two are told apart: dashes and dots make no difference to who types it."""
    return "".join(letter for letter in code if letter.isalnum())


def hidden(mark: str, sealed: str) -> str:
    """What stands for a code everywhere: by `mark` it is found, `sealed` can be opened."""
    return f"{mark}{_BETWEEN}{sealed}"


def mark_of(stored: str) -> str:
    """By what a code is found at the till."""
    return stored.partition(_BETWEEN)[0]


def sealed_in(stored: str) -> str:
    """What can be opened of it."""
    return stored.partition(_BETWEEN)[2]


def with_more(pool: Pool, first: int, count: int) -> Pool:
    """A pool once a list came in; the same if that was made for another moment of it."""
    return replace(pool, brought=pool.brought + count) if first == pool.brought else pool


def level_of(left: int, brought: int) -> Codes:
    """Whether somebody should bring in more."""
    if left <= 0:
        return Codes.OUT
    return Codes.LOW if left * LOW_BELOW <= brought else Codes.ENOUGH


def deal(pool: Pool, by: int, of: int, number: int, need: int) -> tuple[Pool, Share]:
    """What a pool is after a partition (`by`, of `of`) asked, and what it gets: none, if there are none.

    What was asked before is answered the same again: the answer may have been lost.
    """
    share = pool.shares.get(by, Share())
    if number <= share.number:
        return pool, share
    count = min(pool.left, MOST_AT_ONCE, max(need, pool.left // (CHUNKS * max(of, 1))))
    share = Share(number, pool.dealt, count)
    return replace(pool, dealt=pool.dealt + count, shares={**pool.shares, by: share}), share


def stocked(shelf: Shelf, number: int, codes: tuple[str, ...], left: int) -> Shelf:
    """A shelf once it was dealt codes; the same for what came before."""
    if number <= shelf.number:
        return shelf
    return Shelf(number, shelf.codes + codes, left, dry=not codes)


def given_from(shelf: Shelf, code: str) -> Shelf | None:
    """A shelf once its first code was given; None: that is another one, or there is none."""
    if not shelf.codes or shelf.codes[0] != code:
        return None
    return replace(shelf, codes=shelf.codes[1:])

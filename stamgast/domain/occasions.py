"""The occasions that a rule has fired for: what a customer's state remembers of them, and what the ledger does.

None may be forgotten as long as it can come again. A state keeps twelve a rule, of transactions three. What falls out:

- a transaction: its ledger entry has the rule's mark as well;
- a stamp card's number, or the day before a quiet spell, of a customer or of a card: they stand as runs
  (`card:bread:1-20`), since one purchase may fill many cards; beyond twelve runs the two lowest become one, so that
  what lay between counts as fired for;
- a day, week, month or year: it stands in the ledger as one bit of a field for some hundred of them, and is looked for
  there only if it is lower than the highest of them;
- something about a voucher or a friend, or a stay on a tier or in a segment: it stands in the ledger likewise, and is
  looked for there once something fell out;
- an event of the merchant's own: its id is known as long as it can be posted again (`stamgast.domain.own_events`);
- an occasion of a schedule: one before the newest twelve is never walked again;
- a draw: the state knows what came of it, and it is told once;
- a customer's once and for all: never, there are as many as the rule had thresholds.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from stamgast.domain.vocabulary import OncePer

STEP: Final = "+"
"""Stands between what a rule fired for and the key of one of its steps."""
REMEMBERED: Final = 12
"""How many of a rule's a state remembers."""
SHOWN: Final = 3
"""How many transactions of them, for `rules why`: the entry of each says by itself which rules fired for it."""
CARDS: Final = "card:"
"""How the occasions begin that are stamp cards: `card:bread:3` is the third."""
_QUIET: Final = "quiet:"
EXPIRING: Final = "expiring:"
"""Those on which a card lies still whose stamps are to run out: `expiring:bread:20728`, by its newest stamp's day."""
_IN_RUNS: Final = (CARDS, _QUIET, EXPIRING)
PERIODS: Final[frozenset[str]] = frozenset({OncePer.DAY, OncePer.WEEK, OncePer.MONTH, OncePer.YEAR})
"""What a rule fires once per that is a time."""
VOUCHERS: Final = ("given:", "ending:", "expired:", "voucher:")
_TIERS: Final = ("tier:",)
_SEGMENTS: Final = ("entered:", "left:")
_FRIENDS: Final = ("friend:",)
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    OncePer.CARD: (CARDS,), OncePer.QUIET_SPELL: (_QUIET, EXPIRING), OncePer.REWARD: VOUCHERS, OncePer.TIER: _TIERS,
    OncePer.SEGMENT: _SEGMENTS, OncePer.FRIEND: _FRIENDS,
}  # fmt: skip
"""How the occasions begin that a rule fires once per, where that is not the word itself."""
_WITHOUT_ORDER: Final[frozenset[str]] = frozenset({OncePer.REWARD, OncePer.TIER, OncePer.SEGMENT, OncePer.FRIEND})
"""Kinds of which the ledger remembers each that fell out, and any may have."""


def card_occasion(card: str, number: int) -> str:
    """The occasion that a stamp card's card of that number is."""
    return f"{CARDS}{card}:{number}"


def card_of(occasion: str) -> tuple[str, int]:
    """Which stamp card an occasion is of, and which of its cards; nothing for any other occasion."""
    if not occasion.startswith(CARDS):  # most are none, and this is asked at every firing
        return "", 0
    card, _, number = occasion[len(CARDS) :].rpartition(":")
    return (card, int(number)) if card and number.isdecimal() else ("", 0)


def expiring_occasion(card: str, newest: int) -> str:
    """The occasion that a card lies still since the day of its newest stamp."""
    return f"{EXPIRING}{card}:{newest}"


def spell_of(occasion: str) -> tuple[str, int]:
    """Which card lies still, and since which day, of such an occasion; nothing for any other."""
    if not occasion.startswith(EXPIRING):
        return "", 0
    card, _, day = occasion[len(EXPIRING) :].rpartition(":")
    return (card, int(day)) if card and day.isdecimal() else ("", 0)


def is_among(occasion: str, remembered: Sequence[str]) -> bool:
    """Whether it is one of those."""
    if not remembered:
        return False
    if occasion in remembered:
        return True
    if not occasion.startswith(_IN_RUNS):  # most are transactions
        return False
    begins, number = _numbered(occasion)
    return bool(begins) and any(first <= number <= last for first, last in _runs(begins, remembered))


def may_have_fallen_out(occasion: str, once_per: str, remembered: Sequence[str]) -> bool:
    """Whether one that is not among them may stand in the ledger."""
    if len(remembered) < REMEMBERED:
        return False
    if once_per in _WITHOUT_ORDER:
        return True
    if once_per not in PERIODS:
        return False
    return _in_time(occasion) < max(map(_in_time, _of_period(once_per, remembered)), default=(0, ""))


def with_one_more(remembered: Sequence[str], occasion: str, once_per: str) -> tuple[list[str], str]:
    """The occasions with a new one at their end, and the time that the ledger has to remember from now on, if any."""
    kept = [*remembered, occasion]
    begins, number = _numbered(occasion) if occasion.startswith(_IN_RUNS) else ("", 0)
    if begins:
        for first, last in _runs(begins, remembered):
            if last == number - 1:
                end = _run(begins, first, last)
                kept = [*(each for each in remembered if each != end), _run(begins, first, number)]
    if once_per == OncePer.PURCHASE and len(kept) > SHOWN:
        transactions = [each for each in kept if each.partition(":")[0] != OncePer.CUSTOMER]
        gone = set(transactions[:-SHOWN])
        kept = [each for each in kept if each not in gone]
    return _without_one(kept, once_per) if len(kept) > REMEMBERED else (kept, "")


def _without_one(kept: list[str], once_per: str) -> tuple[list[str], str]:
    others = [each for each in kept if not _stays(each, once_per)]
    if others:
        kept.remove(others[0])
        return kept, ""
    if once_per in _WITHOUT_ORDER:
        oldest = next(each for each in kept if each.startswith(_KINDS[once_per]))
        kept.remove(oldest)
        return kept, oldest
    times = _of_period(once_per, kept) if once_per in PERIODS else []
    if len(times) > 1:
        lowest = min(times, key=_in_time)
        return [each for each in kept if each != lowest], lowest
    begins = next((begins for each in kept if (begins := _numbered(_without_end(each))[0])), "")
    runs = sorted(_runs(begins, kept)) if begins else []
    if len(runs) > 1:
        (first, end), (start, last) = runs[:2]
        gone = {_run(begins, first, end), _run(begins, start, last)}
        place = min(kept.index(each) for each in gone)
        kept = [each for each in kept if each not in gone]
        kept.insert(place, _run(begins, first, last))
    return kept, ""


def _stays(occasion: str, once_per: str) -> bool:
    """Whether it may not simply be dropped: what was remembered under another `once_per` may, but a customer's."""
    if once_per == OncePer.PURCHASE:
        return False
    begins = _KINDS.get(once_per, (f"{once_per}:",))
    return occasion.startswith(begins) or occasion.partition(":")[0] == OncePer.CUSTOMER


def _numbered(occasion: str) -> tuple[str, int]:
    """How its likes begin, and its number; nothing for what has none."""
    card, number = card_of(occasion)
    if card:
        return f"{CARDS}{card}:", number
    card, number = spell_of(occasion)
    if card:
        return f"{EXPIRING}{card}:", number
    day = occasion.removeprefix(_QUIET)
    return (_QUIET, int(day)) if day != occasion and day.isdecimal() else ("", 0)


def _without_end(run: str) -> str:
    """The first of a run; ids of cards may have a hyphen too."""
    first, _, last = run.rpartition("-")
    return first if first and last.isdecimal() else run


def _run(begins: str, first: int, last: int) -> str:
    return f"{begins}{first}" if first == last else f"{begins}{first}-{last}"


def _runs(begins: str, remembered: Sequence[str]) -> list[tuple[int, int]]:
    found = []
    for each in remembered:
        if each.startswith(begins):
            first, _, last = each[len(begins) :].partition("-")
            if first.isdecimal():
                found.append((int(first), int(last or first)))
    return found


def _of_period(once_per: str, remembered: Sequence[str]) -> list[str]:
    return [each for each in remembered if each.startswith(f"{once_per}:")]


def _in_time(occasion: str) -> tuple[int, str]:
    return len(occasion), occasion


@lru_cache(maxsize=4096)
def mark_of(rule: str) -> bytes:
    """What a transaction's ledger entry keeps of a rule that fired for it: four bytes."""
    return hashlib.blake2b(rule.encode(), digest_size=4).digest()


def field_of_firing(rule: str, occasion: str) -> bytes:
    """The ledger field that is there if the rule has fired for that time."""
    return b"f" + _digest(rule, occasion)


_TOGETHER: Final = 512
"""Days, or years, of which one field of the ledger tells: 64 bytes."""


def field_of_period(rule: str, occasion: str) -> tuple[bytes, int]:
    """The ledger field that tells whether the rule has fired for a day, week, month or year, and which bit of it."""
    kind, _, time = occasion.partition(":")
    if time.lstrip("-").isdecimal():
        number, bit = divmod(int(time), _TOGETHER)
        together = str(number)
    else:  # a week or a month, of its year
        together, _, part = time.partition("-")
        bit = int(part.removeprefix("W"))
    return field_of_firing(rule, f"{kind}s:{together}"), bit


def has_bit(bits: bytes, bit: int) -> bool:
    """Whether it is set."""
    return len(bits) > bit // 8 and bool(bits[bit // 8] >> bit % 8 & 1)


def with_bit(bits: bytes, bit: int) -> bytes:
    """The same with that one set."""
    longer = bytearray(bits.ljust(bit // 8 + 1, b"\0"))
    longer[bit // 8] |= 1 << bit % 8
    return bytes(longer)


def field_of_generation(rule: str, occasion: str) -> bytes:
    """The ledger field with the generation of the rule's message that was taken back before it left."""
    return b"g" + _digest(rule, occasion)


def field_of_price(activation: str) -> bytes:
    """The ledger field that is there if the carrier has said what a message cost."""
    return b"p" + _digest("", activation)


def _digest(rule: str, occasion: str) -> bytes:
    return hashlib.blake2b(f"{rule}\x1f{occasion}".encode(), digest_size=10).digest()


BY_FACT: Final[frozenset[str]] = frozenset(
    {
        OncePer.CARD,
        OncePer.PURCHASE,
        OncePer.QUIET_SPELL,
        OncePer.REWARD,
        OncePer.TIER,
        OncePer.SEGMENT,
        OncePer.EVENT,
        OncePer.OCCASION,
        OncePer.FRIEND,
        OncePer.DRAW,
    }
)
"""Things to happen once per that the fact itself names by its occasion."""

"""How it ended the last time that a rule's trigger came for a customer: one number per rule, in the customer's state.

Most rules say no most of the time, so it is kept in eight bytes: the rule's mark, and minutes with a code. A
condition's code is a hash of its words: after an edit of the rule an old code is that of no condition, or, once in a
hundred times, of a wrong one. Of twenty rules two have the same mark in one shop of three hundred.
"""

import zlib
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from stamgast.domain.occasions import mark_of
from stamgast.domain.units import MINUTE, Millis

_CODES: Final = 512
_CONDITIONS: Final = 128
_SHORTER: Final = 16
"""Bits of a mark that are left out. Before schema 2 of a customer's state none were."""
UNKNOWN: Final = _CONDITIONS
"""Added to the code of a condition that was neither met nor unmet."""
_BEGIN: Final = 1_767_225_600_000
"""2026-01-01: what is counted from here fits four bytes until 2041, and a few more from then on."""
NOT_THERE: Final = "not there"
"""Stands for the status of a rule where there is none of that name."""
MOST: Final = 64
"""Rules of one customer of which it is kept; the oldest go."""


class Ended(IntEnum):
    """How it ended, where no condition turned it down. The numbers stand in states: they never change."""

    FIRED = 256
    SHADOW = 257
    NOT_IN_CANARY = 258
    FIRED_BEFORE = 259
    TOO_MANY = 260
    RAISED = 261


def key_of(rule: str) -> int:
    """Return what stands for a rule among the answers: two bytes."""
    return int.from_bytes(mark_of(rule), "big") >> _SHORTER


def code_of(condition: str) -> int:
    """Return what stands for a condition, by its words."""
    return zlib.crc32(condition.encode()) % _CONDITIONS


def stamp(at: Millis) -> int:
    """Return what a code is added to: the minute that it was said in."""
    return (at - _BEGIN) // MINUTE * _CODES


def read(answer: int) -> tuple[Millis, int]:
    """Return when it was said, to the minute, and its code."""
    minutes, code = divmod(answer, _CODES)
    return _BEGIN + minutes * MINUTE, code


def is_of_condition(code: int) -> bool:
    """Whether a condition turned it down."""
    return code < Ended.FIRED


def brought_over(answers: Mapping[int, int]) -> dict[int, int]:
    """Answers as states of before schema 2 held them, with the shorter marks."""
    return {rule >> _SHORTER or rule: answer for rule, answer in answers.items()}


def newest(answers: Mapping[int, int]) -> dict[int, int]:
    """As many of them as are kept."""
    return dict(sorted(answers.items(), key=lambda each: each[1])[-MOST:])

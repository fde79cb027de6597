"""How it ended the last time that a rule's trigger came for a customer: a few bytes a rule, in the customer's state.

What the newest event asked was asked in one minute, and most rules say no most of the time. So it is kept in groups,
newest first: the minute (four bytes), how many rules (one), and three bytes a rule, its mark and a code. Of a rule
that fired it is kept until something else is asked: that it did, the state says anyway (`Customer.fired`).

A condition's code is a hash of its words: after an edit of the rule an old code is that of no condition, or, once in a
hundred times, of a wrong one. Of twenty rules two have the same mark in one shop of 170.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from struct import Struct
from typing import Final

from stamgast.domain.occasions import mark_of
from stamgast.domain.units import MINUTE, Millis

_CODES: Final = 512
_CONDITIONS: Final = 128
_SHORTER: Final = 17
"""Bits of a mark that are left out. Before schema 2 of a customer's state none were, before schema 3 sixteen."""
UNKNOWN: Final = _CONDITIONS
"""Added to the code of a condition that was neither met nor unmet."""
_BEGIN: Final = 1_767_225_600_000
"""2026-01-01: minutes are counted from here, and backwards for tests that play before."""
NOT_THERE: Final = "not there"
"""Stands for the status of a rule where there is none of that name."""
MOST: Final = 64
"""Rules of one customer of which it is kept; the oldest go."""
_MINUTE: Final = Struct(">i")
_HEAD: Final = 5
_ANSWER: Final = 3
_PATTERNS: Final = 4_096
"""What customers are told alike is put together once: so many ways of it are remembered."""
_Newest = tuple[bytes, frozenset[int]]
_newest: dict[tuple["int | Refusals", ...], _Newest] = {}
"""What was said of an event -> that as a group, and the marks in it. `functools` would take longer to look it up."""
_Lasting = tuple[frozenset[int], tuple[tuple[int, bytes], ...]]
_lasting: dict[bytes, _Lasting] = {}
"""A group -> marks of its rules that did not fire, and each with its bytes, in order."""


class Ended(IntEnum):
    """How it ended, where no condition turned it down. The numbers stand in states: they never change."""

    FIRED = 256
    SHADOW = 257
    NOT_IN_CANARY = 258
    FIRED_BEFORE = 259
    TOO_MANY = 260
    RAISED = 261


_FIRED: Final = int(Ended.FIRED)


class Refusals:
    """What many rules say together that an event turned down: made once, and told from others by what it is, not holds.

    `counters` are the names of those to count one up in, each there once; `answers` key and code of each rule.
    """

    __slots__ = ("answers", "counters")

    def __init__(self, counters: tuple[str, ...], answers: tuple[int, ...]) -> None:
        self.counters = counters
        self.answers = answers


def key_of(rule: str) -> int:
    """Return what stands for a rule among the answers; a code is added to it."""
    return (int.from_bytes(mark_of(rule), "big") >> _SHORTER) * _CODES


def code_of(condition: str) -> int:
    """Return what stands for a condition, by its words."""
    return zlib.crc32(condition.encode()) % _CONDITIONS


def minute_of(at: Millis) -> bytes:
    """Return how a minute is written."""
    return _MINUTE.pack((at - _BEGIN) // MINUTE)


def is_of_condition(code: int) -> bool:
    """Whether a condition turned it down."""
    return code < Ended.FIRED


def renewed(answers: bytes, minute: bytes, said: tuple[int | Refusals, ...]) -> bytes:
    """Return what is kept once the rules of `said` (key and code each, the last one counts) were asked in a minute."""
    newest, again = _newest.get(said) or _make(said)
    at = 0
    if answers[:4] == minute:
        at = _HEAD + _ANSWER * answers[4]
        newest, again = _join(newest, answers[4:at])
    kept, many, end = minute + newest, newest[0], len(answers)
    while at < end:
        after = at + _HEAD + _ANSWER * answers[at + 4]
        group = answers[at + 4 : after]
        marks, each = _lasting.get(group) or _learn(group)
        if not marks <= again:
            left = [answer for mark, answer in each if mark not in again]
            kept += answers[at : at + 4] + bytes([len(left)]) + b"".join(left)
            many += len(left)
        at = after
    return kept if many <= MOST else _bounded(kept)


def read(answers: bytes) -> dict[int, tuple[Millis, int]]:
    """Return, for each rule's key, when it was asked, to the minute, and the code of how that ended."""
    return {
        answer - answer % _CODES: (_BEGIN + _MINUTE.unpack(minute)[0] * MINUTE, answer % _CODES)
        for minute, answer in _each(answers)
    }


def brought_over(answers: Mapping[int, int], schema: int) -> bytes:
    """Answers as states of before schema 3 held them: by longer marks, minutes and code in one number."""
    by_minute: dict[int, dict[int, int]] = {}
    for mark, answer in sorted(answers.items(), key=lambda each: each[1]):
        short = mark >> (_SHORTER if schema == 1 else 1)
        minute, code = divmod(answer, _CODES)
        by_minute.setdefault(minute, {})[short] = short * _CODES + code
    kept = b""
    for minute, said in sorted(by_minute.items()):
        kept = renewed(kept, _MINUTE.pack(minute), tuple(said.values()))
    return kept


def _each(answers: bytes) -> Iterator[tuple[bytes, int]]:
    at = 0
    while at < len(answers):
        minute, after = answers[at : at + 4], at + _HEAD + _ANSWER * answers[at + 4]
        for one in range(at + _HEAD, after, _ANSWER):
            yield minute, int.from_bytes(answers[one : one + _ANSWER], "big")
        at = after


def _bounded(answers: bytes) -> bytes:
    """As many of them as are kept: what one minute said goes by its marks."""
    kept: dict[bytes, list[int]] = {}
    for minute, answer in list(_each(answers))[:MOST]:
        kept.setdefault(minute, []).append(answer)
    return b"".join(minute + _group(said) for minute, said in kept.items())


def _group(said: Sequence[int]) -> bytes:
    return bytes([len(said)]) + b"".join([one.to_bytes(_ANSWER, "big") for one in said])


def _answers_of(group: bytes) -> list[int]:
    return [int.from_bytes(group[one : one + _ANSWER], "big") for one in range(1, len(group), _ANSWER)]


def _make(said: tuple[int | Refusals, ...]) -> _Newest:
    each = [answer for one in said for answer in ((one,) if isinstance(one, int) else one.answers)]
    kept = sorted({answer // _CODES: answer for answer in each}.values())[:MOST]
    group = _group(kept)
    if len(_newest) >= _PATTERNS:
        _newest.clear()
    made = _newest[said] = group, frozenset([answer // _CODES for answer in kept])
    return made


def _learn(group: bytes) -> _Lasting:
    """What of an older group stays unless it is asked again: nothing of what fired."""
    if len(_lasting) >= _PATTERNS:
        _lasting.clear()
    stays = [answer for answer in _answers_of(group) if answer % _CODES != _FIRED]
    each = tuple([(answer // _CODES, answer.to_bytes(_ANSWER, "big")) for answer in stays])
    learned = _lasting[group] = frozenset([mark for mark, _ in each]), each
    return learned


def _join(newer: bytes, older: bytes) -> _Newest:
    """Two groups of one minute as one."""
    said = (*_answers_of(older), *_answers_of(newer))
    return _newest.get(said) or _make(said)

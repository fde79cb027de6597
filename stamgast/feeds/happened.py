"""One thing that happened, as it is sent: a line of a public topic as it stands, in what Standard Webhooks asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.referrals import Became
from stamgast.domain.spelling import nearest
from stamgast.domain.told import TAKEN_BACK, Arm, Moved, Told
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import NoteKind, StepKind, VoucherState
from stamgast.log.topics import ACTIVATIONS, FACTS

FACT: Final = "fact"
ACTIVATION: Final = "activation"
SENT_TOPICS: Final = (FACTS, ACTIVATIONS)
_ID_BYTES: Final = 16

Wanted = tuple[str, ...]
"""Kinds that are sent, such as `fact.voucher`; a kind stands for all that begin with it. None: everything."""

_KINDS: Final = {FACT: tuple(map(str, Told)), ACTIVATION: tuple(map(str, NoteKind))}
_BECAME: Final = {
    Told.STAMPS.value: frozenset(map(str, StepKind)),
    Told.VOUCHER.value: frozenset({*map(str, VoucherState), Arm.GIVEN.value, TAKEN_BACK}) - {VoucherState.OPEN.value},
    Told.DECISION.value: frozenset(map(str, Arm)),
    Told.BUDGET.value: frozenset(map(str, Moved)),
    Told.REFERRAL.value: frozenset(map(str, Became)),
}
"""Third words that are a closed set; those of others are a shop's own, such as tiers."""

_encode = msgspec.json.Encoder().encode


class UnknownKindError(ValueError):
    """Nothing of that kind ever happens; the text says what does."""


class _Said(msgspec.Struct, gc=False):
    """What of a line decides whether and as what it is sent."""

    kind: str
    merchant: str
    customer: str
    at: Millis = 0
    became: str = ""


_decode = msgspec.json.Decoder(_Said).decode


class Happened(NamedTuple):
    """One line of `facts.v1` or `activations.v1`."""

    id: str
    """Of what the line says: one that stands there again, after Redis lost its last seconds, has the same."""
    type: str
    merchant: str
    customer: str
    body: str
    """As Standard Webhooks has it."""


def read_happened(topic: str, value: bytes | None) -> Happened | None:
    """A record of `SENT_TOPICS` (its name without a prefix) as it is sent; None for what is no line of ours."""
    try:
        said = _decode(value or b"")
        line = (value or b"").decode()
        at = datetime.fromtimestamp(said.at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (*UNREADABLE, OverflowError, OSError):
        return None
    name = f"{FACT}.{said.kind}.{said.became}" if topic == FACTS else f"{ACTIVATION}.{said.kind}"
    digest = blake2b(line.encode(), digest_size=_ID_BYTES, person=topic.encode()[:16]).hexdigest()
    kind = _encode(name.rstrip(".")).decode()
    body = f'{{"type":{kind},"timestamp":"{at}","data":{line}}}'
    return Happened(f"msg_{digest}", name.rstrip("."), said.merchant, said.customer, body)


def is_wanted(wanted: Wanted, kind: str) -> bool:
    """Whether what happened is of a kind that is sent."""
    return not wanted or any(kind == each or kind.startswith(f"{each}.") for each in wanted)


def check_wanted(wanted: Sequence[str]) -> Wanted:
    """The kinds, each once. Raises `UnknownKindError`: a slip would send nothing, and nobody would know."""
    for each in wanted:
        first, _, rest = each.partition(".")
        second, _, third = rest.partition(".")
        if first not in _KINDS:
            raise UnknownKindError(_why(each, first, tuple(_KINDS)))
        if rest and second not in _KINDS[first]:
            raise UnknownKindError(_why(each, second, _KINDS[first]))
        known = _BECAME.get(second) if first == FACT else frozenset()
        if third and known is not None and third not in known:
            raise UnknownKindError(_why(each, third, sorted(known)))
        if each.endswith(".") or not each.isprintable():
            raise UnknownKindError(f"{each!r} is no kind: write such as fact.voucher or activation.outcome")
    return tuple(dict.fromkeys(wanted))


def _why(each: str, word: str, known: Sequence[str]) -> str:
    near = nearest(word, known)
    told = f"did you mean {near!r}?" if near else f"there are {', '.join(known) or 'none below it'}"
    return f"nothing of the kind {each!r} is ever sent: {told}"

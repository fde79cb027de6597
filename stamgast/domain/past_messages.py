"""Messages that have ended, as a customer's state holds them: in half the bytes, and read only when one is asked for.

Nearly all that happens to a customer asks none of them, and each was twenty-three fields to read and to write.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from stamgast.domain.activation import Activation, Plan
from stamgast.domain.units import Millis, Minor
from stamgast.domain.vocabulary import ActivationState, Purpose, Reason, Status

_ENDED: Final = ActivationState.ENDED.value
_HEARD_OF: Final[frozenset[str]] = frozenset({Status.IN_DOUBT, Status.ACCEPTED, Status.SENDING, Status.SENT})
"""What a carrier is about to say more of."""
WORDS: Final[tuple[str, ...]] = (
    "", "whatsapp", "sms", Purpose.MARKETING, Purpose.UTILITY,
    Status.NOT_SUBMITTED, Status.NOT_FOUND, Status.ACCEPTED, Status.SENDING, Status.SENT, Status.FAILED,
    Status.UNDELIVERED, Status.DELIVERED, Status.READ, Status.SUPPRESSED, Status.EXPIRED,
    Reason.NO_CONSENT, Reason.OPTED_OUT, Reason.HOLDOUT, Reason.COOL_DOWN, Reason.FREQUENCY_CAP, Reason.OUTRANKED,
    Reason.TAKEN_BACK, Reason.NO_LONGER_TRUE, Reason.TOO_MANY, Reason.LATE,
)  # fmt: skip
"""Words that stand for themselves by their place: it is for ever, and new ones come last."""
_PLACES: Final = {str(word): place for place, word in enumerate(WORDS)}
_TAKEN_BACK: Final = _PLACES[Reason.TAKEN_BACK]


class Past(Struct, array_like=True, gc=False):
    """What is usual comes last and is left out. Words are places in `WORDS`, or themselves."""

    id: Any
    """Sixteen bytes, or a text that is no such digits."""
    rule: str
    occasion: str
    decided_at: Millis
    status: int | str
    rank: int
    changed_after: Millis
    template: str
    purpose: int | str
    channel: int | str
    expires_after: Millis
    priority: int = 0
    reason: int | str = 0
    voucher: str = ""
    generation: int = 0
    data: dict[str, Any] = {}
    other_channels: list[str] = []
    unproven: str = ""
    offered: bool = False
    value: Minor = 0
    release_at: Millis = 0
    plan: Plan | None = None


_LEAST: Final = 11
"""So many of its fields are always there."""
_LONG_ARRAY: Final = 0xDC
"""What an array of more than fifteen fields begins with; its head has three bytes, a shorter one's has one."""
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Past).decode


def is_past(activation: Activation) -> bool:
    """Whether it has ended, and hardly anything is heard of it any more; what is in doubt may yet go once more."""
    return activation.state == _ENDED and activation.status not in _HEARD_OF


def packed(activation: Activation) -> bytes:
    """Write one that is past."""
    a, place = activation, _PLACES
    since = a.decided_at
    fields: list[Any] = [
        _short(a.id), a.rule, a.occasion, since, place.get(a.status, a.status), a.rank, a.changed_at - since,
        a.template, place.get(a.purpose, a.purpose), place.get(a.channel, a.channel), a.expires_at - since,
        a.priority, place.get(a.reason, a.reason), a.voucher, a.generation, a.data, a.other_channels, a.unproven,
        a.offered, a.value, a.release_at, a.plan,
    ]  # fmt: skip
    length = len(fields)
    while length > _LEAST and not fields[length - 1]:
        length -= 1
    return _encode(fields[:length])


def unpacked(value: bytes) -> Activation:
    """Read one again."""
    p = _decode(value)
    since = p.decided_at
    return Activation(
        _text(p.id), p.rule, p.occasion, _ENDED, _word(p.status), p.rank, since,
        since + p.changed_after, p.template, _word(p.purpose), _word(p.channel), p.priority, p.release_at,
        since + p.expires_after, _word(p.reason), p.generation, p.data, p.other_channels, p.voucher, p.unproven,
        p.offered, p.value, p.plan,
    )  # fmt: skip


class Settled(NamedTuple):
    """What is asked of one before it is let go of."""

    decided_at: Millis
    id: str
    changed_at: Millis
    was_taken_back: bool
    """Before it left: it goes again when its occasion comes about again."""


def settled(value: bytes) -> Settled:
    """Read no more of it than that."""
    p = _decode(value)
    return Settled(p.decided_at, _text(p.id), p.decided_at + p.changed_after, p.reason == _TAKEN_BACK)


def place_of(past: Sequence[bytes], activation_id: str) -> int | None:
    """Where a message stands among those that are past; None: it does not."""
    begins = _encode(_short(activation_id))
    for place in range(len(past) - 1, -1, -1):
        value = past[place]
        if value.startswith(begins, 1 if value[0] < _LONG_ARRAY else 3):
            return place
    return None


def with_one_more(past: Sequence[bytes], activation: Activation) -> list[bytes]:
    """Put one among them, by when it was decided: so they stand in one order, whatever became of which first."""
    place, since = len(past), activation.decided_at
    while place and ((last := _decode(past[place - 1])).decided_at, _text(last.id)) > (since, activation.id):
        place -= 1
    return [*past[:place], packed(activation), *past[place:]]


def order_of(activation: Activation) -> tuple[Millis, str]:
    """What messages that have ended are ordered by."""
    return activation.decided_at, activation.id


def _short(activation_id: str) -> bytes | str:
    """Thirty-two digits are sixteen bytes."""
    try:
        value = bytes.fromhex(activation_id)
    except ValueError:
        return activation_id
    return value if value.hex() == activation_id else activation_id


def _text(stored: Any) -> str:
    return stored.hex() if type(stored) is bytes else str(stored)


def _word(word: int | str) -> str:
    return WORDS[word] if isinstance(word, int) else word

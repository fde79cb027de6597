"""What a state remembers of the talk with a customer: what was heard, and how often the house answered."""

import hashlib
from typing import Final

from msgspec import Struct

from stamgast.domain.units import DAY, HOUR, Day, Millis

MOST_ANSWERS: Final = 5
"""Answers of the house to one customer within an hour: two machines that answer each other come to an end."""
ANSWERS_WITHIN: Final[Millis] = HOUR
MOST_HEARD: Final = 20
"""Messages of which it is known that they were heard; of older ones a repeat is answered once more at most."""
HEARD_FOR: Final[Millis] = DAY


class OpenQuestion(Struct, array_like=True, gc=False):
    """A question that was asked and not answered yet; `rule` asked it."""

    id: str
    rule: str
    closes_at: Millis
    occasion: str = ""
    """What the rule asked for; empty in states from before that was kept."""


class Conversation(Struct, array_like=True, gc=False):
    """See the module. All of it is bounded, and none of it is what somebody wrote."""

    heard: list[tuple[bytes, Millis]] = []
    """What stands for the newest messages, and when each was heard."""
    answered: list[Millis] = []
    """When the house answered, within the last hour."""
    question: OpenQuestion | None = None
    asked: dict[str, Millis] = {}
    """Question -> when it was asked last."""
    scores: dict[str, tuple[int, Millis]] = {}
    """Question -> the newest score, and when it was given."""
    rests_until: Millis = 0
    """Until then no marketing goes, for they complained."""
    filled: dict[str, tuple[str, Millis]] = {}
    """Question whose answer filled in something of them -> the tags that it was, or nothing, and when."""
    said: list[tuple[Day, int]] = []
    """The business days of the newest scores, whatever was asked, and these, oldest first (`stamgast.domain.feedback`):
    what was known on a day gone by."""


def hears(talk: Conversation, message: str, at: Millis) -> bool:
    """Note a message by its id; False: it was heard before. Without an id nobody can tell."""
    if not message:
        return True
    mark = hashlib.blake2b(message.encode(), digest_size=8).digest()
    if any(each == mark for each, _ in talk.heard):
        return False
    known = [each for each in talk.heard if each[1] + HEARD_FOR > at]
    talk.heard = [*known, (mark, at)][-MOST_HEARD:]
    return True


def may_answer(talk: Conversation, at: Millis) -> bool:
    """Note an answer of the house; False: it has given as many as it may in this hour."""
    lately = [each for each in talk.answered if each + ANSWERS_WITHIN > at]
    if len(lately) >= MOST_ANSWERS:
        talk.answered = lately
        return False
    talk.answered = [*lately, at]
    return True

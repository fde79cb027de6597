"""What a reply means to one shop, with the words that are its own: its topics, beside the keywords of everybody.

- `STOP <topic>` leaves it: a wish to stop with nothing beside it but politeness, what messages are called, and topics
  of the shop ("STOP NIEUWS", "schrijf me uit voor de nieuwsbrief", "no more news please"). A topic that nobody knows is
  a STOP of everything, as far as it is one: in doubt nobody is written to.
- `START <topic>` comes back to it: these words alone.
- `JOIN <code>` enrols its phone, where the shop has codes: these two words, and politeness. The code of a friend,
  in one piece or two, is one as well, where the shop has them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from channels.keywords import (
    BESIDE,
    JOINING,
    MESSAGES,
    MORE,
    MOST_OF_A_SENTENCE,
    NO_WORDS,
    START_WORDS,
    STOP_IN_WORDS,
    STOP_WORDS,
    words_of,
)
from channels.model import Keyword
from stamgast.domain.joining import LONGEST_CODE
from stamgast.domain.referrals import LENGTH, read_code
from stamgast.domain.topics import Topic

_ABOUT: Final = frozenset(
    word
    for words in (
        "over en of aan bij alle allemaal al",
        "sur et ou au aux pour concernant a toutes tous les",
        "uber und oder fur an zu zum zur alle",
        "about on and or for to regarding all any",
    )
    for word in words.split()
)
"""What ties a topic to the wish."""
_WISHING: Final = frozenset(
    "aub svp alsjeblieft alstublieft graag wil plait veux voudrais bitte mochte will please".split()  # noqa: SIM905
)
"""With a no of its own it needs no "more": "geen nieuws aub"."""
_PLEASE: Final = frozenset(
    "aub svp alsjeblieft alstublieft graag s il vous te plait bitte please a u b v p".split()  # noqa: SIM905
)


_JOIN_WORDS: Final[Mapping[str, str]] = {"join": "", "meedoen": "nl", "rejoindre": "fr", "mitmachen": "de"}
"""What enrols -> the language of whoever writes so; empty: nobody can tell."""


_YES: Final = frozenset("ja jawel jazeker oui yes yep ok okay akkoord daccord einverstanden".split())  # noqa: SIM905
_NO: Final = frozenset("nee neen non nein no nope".split())  # noqa: SIM905
_MOST_OF_A_YES: Final = 3


class Meaning(NamedTuple):
    """The keyword of a reply, the topics that it is about, or the code of a JOIN as it was written.

    `friend` is what can only be the code of a customer who invites, as it is written.
    """

    keyword: Keyword
    topics: tuple[str, ...] = ()
    code: str = ""
    language: str = ""
    confirms: str = ""
    """The message whose JOIN this one confirms."""
    friend: str = ""


def read_meaning(
    text: str, keyword: Keyword, topics: Mapping[str, Topic], codes: Collection[str] = (), *, friends: bool = False
) -> Meaning:
    """What a reply with this keyword means to a shop with these topics, and these codes of its `join`.

    `friends`: somebody may also join by the code of a customer.
    """
    for said in (text, text.strip().partition("\n")[0]) if topics else ():
        for joining in (JOINING, ""):
            found = _about_topics(words_of(said, joining=joining), topics)
            if found is not None:
                return found
    if codes and keyword is Keyword.NONE:
        for joining in (JOINING, ""):
            found = _joins(words_of(text, joining=joining), codes, asks="?" in text, friends=friends)
            if found is not None:
                return found
    return Meaning(keyword)


def agrees(text: str) -> bool | None:
    """Whether somebody says yes, or no, to what they were asked; None: neither. Only for who was asked to confirm."""
    words = words_of(text, joining=JOINING)
    if not 1 <= len(words) <= _MOST_OF_A_YES or not set(words[1:]) <= _PLEASE | _YES:
        return None
    return True if words[0] in _YES else False if words[0] in _NO and not set(words) & _YES else None


def _joins(words: Sequence[str], codes: Collection[str], *, asks: bool, friends: bool) -> Meaning | None:
    """JOIN with a code that there is, or with a word that may have been meant for one; JOIN alone has none."""
    if not words or words[0] not in _JOIN_WORDS:
        return None
    others = [word for word in words[1:] if word in codes or word not in _PLEASE]
    code = others[0] if others else ""
    if friends and code not in codes and (friend := _friends_code(others, asks=asks)):
        return Meaning(Keyword.JOIN, code=code, language=_JOIN_WORDS[words[0]], friend=friend)
    if len(others) > 1 or (code not in codes and (asks or code in BESIDE or len(code) > LONGEST_CODE)):
        return None
    return Meaning(Keyword.JOIN, code=code, language=_JOIN_WORDS[words[0]])


def _friends_code(words: Sequence[str], *, asks: bool) -> str:
    """What can only be a customer's code: ten letters and digits, in one group or in two as it is written."""
    plain = "".join(words)
    has_digit = any(each.isdigit() for each in plain)
    in_groups = [len(each) for each in words] == [LENGTH // 2] * 2 and has_digit
    return read_code(plain) if in_groups or (len(words) == 1 and (has_digit or not asks)) else ""


def _about_topics(words: Sequence[str], topics: Mapping[str, Topic]) -> Meaning | None:
    if not 1 < len(words) <= MOST_OF_A_SENTENCE:
        return None
    named, others = _topics_in(words, topics)
    if not named or not others:
        return None
    if _leaves(others):
        return Meaning(Keyword.LEAVE, named)
    if words[0] in START_WORDS and set(others[1:]) <= _PLEASE:
        return Meaning(Keyword.RETURN, named)
    return None


def _topics_in(words: Sequence[str], topics: Mapping[str, Topic]) -> tuple[tuple[str, ...], list[str]]:
    """The topics that are named, and the words that name none. Of two names the longer one is meant."""
    names = sorted(_names(topics), key=lambda each: -len(each[0]))
    found: dict[str, None] = {}
    others, place = [], 0
    while place < len(words):
        known = next((each for each in names if tuple(words[place : place + len(each[0])]) == each[0]), None)
        if known is None:
            others.append(words[place])
            place += 1
        else:
            found[known[1]] = None
            place += len(known[0])
    return tuple(found), others


def _names(topics: Mapping[str, Topic]) -> Iterable[tuple[tuple[str, ...], str]]:
    for topic in topics.values():
        for word in (topic.id, *(each for words in topic.words.values() for each in words)):
            for joining in (JOINING, ""):
                if name := tuple(words_of(word, joining=joining)):
                    yield name, topic.id


def _leaves(words: Sequence[str]) -> bool:
    """Whether what stands beside a topic is a wish to hear no more of it."""
    said = set(words)
    beside = BESIDE | MESSAGES | _ABOUT
    if said & STOP_WORDS:
        return said - STOP_WORDS <= beside and not said & NO_WORDS
    if said & NO_WORDS and said - NO_WORDS - MORE <= beside:
        return bool(said & MORE and (len(said & (NO_WORDS | MORE)) > 1 or said & MESSAGES)) or bool(said & _WISHING)
    return any(
        phrase <= said and said - phrase <= beside and not (said - phrase) & NO_WORDS for phrase in STOP_IN_WORDS
    )

"""Messages as people and machines write them: texts whose meaning is known, written in other ways, and rubbish.

All of it follows from a seed, so that what was found once is found again.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.labelled_replies import labelled

MARK: Final = "Zwqx"
"""Stands in everything that is rubbish: it may be in no log and on no topic."""
_BEFORE: Final = ("", "", " ", "\n", "🙂 ", "\u200e", "\u202b", "¡", "«", "*", "> ")
_AFTER: Final = ("", "", " ", "\n", "!", ".", "...", " 🙏", " ❤️", "\u202c", "\u00a0", "»", "*", " 🇳🇱")
_LONGEST: Final = 4_096
_SPEECH: Final = (
    "Hallo, ik kom morgen met ma mère and my kids, haben Sie offen?",
    "Bonjour, is de workshop nog vrij, or is it full? Danke!",
    "שלום, can I bring a friend, en hoe laat begint het?",
    "مرحبا, avez-vous encore du pain, ik neem er twee, vielen Dank",
    "👨‍👩‍👧‍👦 we zijn met vier, nous arrivons at noon, bis gleich 🎉",
)
_INJECTIONS: Final = (
    "{{ 7*7 }}", "{% raw %}", "${jndi:ldap://x}", "$(id)", "`id`", "'; DROP TABLE x;--", "<script>", "</Message></Response>",
    "%s%s%n", "\x00\x01\x02", "\r\nSet-Cookie: a=b", "\ud83d", "\uffff", "\u0000STOP", "&amp;#83;TOP", "../../etc/passwd", "STOP\x00X",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One message. `means` is None where nobody can say, and else as in `labelled`; `status` is what it is answered."""

    form: dict[str, str]
    means: str | None
    status: tuple[int, ...] = (200,)
    token: int = 0
    signed: bool = True
    raw: bytes | None = None
    """The body, where it is none that a form would give."""
    more: dict[str, str] = field(default_factory=dict)


def cases(number: int, seed: int = 13) -> Iterator[Case]:
    """So many, the labelled texts first as they are."""
    chance = random.Random(seed)
    known = labelled()
    for text, means in known[:number]:
        yield Case({"Body": text}, means)
    for _ in range(number - len(known)):
        yield chance.choice((_otherwise, _otherwise, _otherwise, _long, _rubbish, _form, _recognised))(chance)


def _otherwise(chance: random.Random) -> Case:
    """A text whose meaning is known, written in another way."""
    text, means = chance.choice(labelled())
    changes: tuple[Callable[[str], str], ...] = (str.upper, str.title, _wide, _apart, _decomposed, _spaced, str)
    for change in chance.sample(changes, 2):
        text = change(text)
    text = f"{chance.choice(_BEFORE)}{text}{chance.choice(_AFTER)}"
    return Case({"Body": text, "NumMedia": str(chance.randrange(3))}, means, token=chance.randrange(2))


def _wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "A" <= each.upper() <= "Z" and each.isascii() else each for each in text)


def _apart(text: str) -> str:
    """With what cannot be seen inside words."""
    return "".join(f"{each}\u200b" if number % 3 == 1 and each.isalpha() else each for number, each in enumerate(text))


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _spaced(text: str) -> str:
    return text.replace(" ", "  ")


def _long(chance: random.Random) -> Case:
    """Several languages in one message, and as long as a message may be: nobody means a keyword by it."""
    if chance.random() < 0.5:
        said = " ".join([MARK, *chance.sample(_SPEECH, 3)])
        return Case({"Body": said, "ProfileName": MARK}, "none")
    part = chance.choice([f"{MARK} stop brood ", "🙂", "a", "שלום ", f"KAART {MARK}. ", "START en "])
    return Case({"Body": (part * _LONGEST)[:_LONGEST]}, "none")


def _rubbish(chance: random.Random) -> Case:
    letters = "".join(
        chr(chance.choice((chance.randrange(0x20, 0x250), chance.randrange(0x600, 0x3000)))) for _ in range(20)
    )
    injected = chance.choice(_INJECTIONS).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return Case({"Body": f"{MARK}{letters} {injected} {letters} zonder betekenis en zonder wens verder"}, None)


def _form(chance: random.Random) -> Case:
    """A form that is not as the carrier's are."""
    text = f"{MARK} hallo"
    return chance.choice((
        Case({"Body": text, "From": "sip:x@example.com"}, "none", (400,)),
        Case({"Body": "STOP", "From": ""}, "none", (400,)),
        Case({"Body": "STOP", "MessageSid": "kein Sid"}, "none", (400,)),
        Case({"Body": "STOP"}, "none", (403,), signed=False),
        Case({"Body": text, "NumMedia": "9" * 40, "MediaUrl0": f"https://x/{MARK}"}, "none"),
        Case({"Body": text, "NumMedia": "-1", "Latitude": "x"}, "none"),
        Case({"Body": "", "ButtonText": text, "ButtonPayload": MARK}, "none"),
        Case({"Body": "", "NumMedia": "1", "MediaContentType0": f"image/{MARK}"}, "none"),
        Case({}, "none"),
        Case({"Body": text, "To": "+31999999999"}, "none"),
        Case({"Body": text} | {f"Extra{number}": MARK for number in range(50)}, "none"),
        Case({}, "none", (400, 403), raw=b"Body=%ff%fe%zz&&&==&From"),
        Case({}, "none", (400, 403), raw=b'{"Body": "STOP"}'),
        Case({}, "none", (413,), raw=b"Body=" + b"a" * 70_000),
    ))  # fmt: skip


def _recognised(chance: random.Random) -> Case:
    """What the carrier has recognised is that, whatever the text."""
    text, _ = chance.choice(labelled())
    kind = chance.choice(("STOP", "START", "HELP"))
    return Case({"Body": text, "OptOutType": kind}, {"STOP": "stop", "START": "start", "HELP": "help"}[kind])

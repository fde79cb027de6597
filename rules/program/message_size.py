"""Whether a message can go out at all: filled in with the longest that its words may come to, before it is published.

Nobody is called "customer 1": names are long and have letters that make an SMS dear. What the worker would refuse at
the send is refused here, with the parts, the price and the character at fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from rules.program.template_check import compiled, prints_no_name
from rules.program.template_language import render_bounded
from rules.yaml.nodes import MapNode, Mark, Node
from rules.yaml.problems import has_errors
from rules.yaml.reader import Reader
from stamgast.domain.card_expiry import EXPIRES_ON
from stamgast.domain.channels import SPECS, Wording
from stamgast.domain.currencies import exponent_of
from stamgast.domain.message_words import ALERT, CUSTOMER, EXAMPLE_LINK, LINKS, STAFF, WORDS
from stamgast.domain.program import Messaging, Program
from stamgast.domain.recommendations import LONGEST_NAME, RECOMMENDED
from stamgast.domain.referrals import REFERRAL
from stamgast.domain.shop_codes import LONGEST as LONGEST_SHOP_CODE
from stamgast.domain.sms_parts import Parts, as_sent, composed, count_parts, fits_gsm7, transliterate
from stamgast.domain.vocabulary import Channel

Words = Mapping[str, Mapping[str, str]]

LONG_NAME: Final = "Anne-Zoë van der Éśpinossa de los Montes"
"""Forty characters, some of which no cheap SMS has."""
_CODE: Final = "3FF-ABCDEFGHIJKLMNOP"
_SHORT_CODE: Final = "ZZAB-CDEF-GHJK"
_DATE: Final = "30/12/2026"
_ID: Final = "c" * 25
_SKU: Final = "8710000000000"
_ABOUT: Final = "win-back-spring (2026-11)"
_WHY: Final = "1234.56 EUR of 1234.00 EUR spent; what costs more waits or is dropped"


@dataclass(frozen=True, slots=True)
class Size:
    """What one SMS comes to at most: its parts, what they cost in the merchant's country (empty: no price is known)."""

    template: str
    language: str
    parts: Parts
    price: str


def longest_words(program: Program, language: str) -> Words:
    """Each word as long as it may plausibly be."""
    names = [reward.names.get(language) or reward.id for reward in program.rewards.values()]
    cards = [card.name(language) for card in program.cards.values()]
    imported = any(reward.imported_codes for reward in program.rewards.values())
    most = str(max((card.stamps_required for card in program.cards.values()), default=10))
    return {
        CUSTOMER: dict.fromkeys(WORDS[CUSTOMER], LONG_NAME),
        "merchant": {"name": program.name},
        "voucher": {
            "code": "W" * LONGEST_SHOP_CODE if imported else _SHORT_CODE,
            "long_code": "W" * LONGEST_SHOP_CODE if imported else _CODE,
            "name": max(names, key=len, default="voucher"),
            "valid_until": _DATE,
        },
        "card": dict.fromkeys(("stamps", "size", "missing"), most)
        | {"name": max(cards, key=len, default="card"), EXPIRES_ON: _DATE},
        LINKS: {"card": EXAMPLE_LINK},
        STAFF: {"name": max(program.staff, key=len, default=STAFF), "customer": _ID},
        ALERT: {"about": _ABOUT, "why": _WHY},
        RECOMMENDED: {"name": "m" * LONGEST_NAME, "sku": _SKU},
        REFERRAL: {"code": "05K7P-M4XQ9"},
    }


def _nameless(words: Words) -> Words:
    return {**words, CUSTOMER: dict.fromkeys(WORDS[CUSTOMER], "")}


def size_of(program: Program, template: str, language: str, text: str) -> Size | None:
    """What an SMS comes to with the longest words; None for what cannot be filled in."""
    filled = _as_sent(text, longest_words(program, language), program.messaging)
    if filled is None:
        return None
    return Size(template, language, filled[1], price_of(program, filled[1].count))


def with_parts(program: Program) -> Program:
    """The same programme, whose templates know how many parts their SMS takes at most."""
    templates = {}
    for name, template in program.templates.items():
        sizes = (size_of(program, name, language, text) for language, text in template.sms.items())
        templates[name] = replace(template, parts=max((size.parts.count for size in sizes if size), default=0))
    return replace(program, templates=templates)


def price_of(program: Program, parts: int, channel: Channel = Channel.SMS) -> str:
    """What so many parts cost at home, and in the countries of other stores, as people read it; else empty."""
    prices = program.prices.get(channel, {})
    at_home = prices.get(program.region) or program.costs.contact_costs.get(channel, 0)
    if not at_home:
        return ""
    countries = sorted({store.region for store in program.stores.values()} - {program.region})
    abroad = [f"{_price(program, prices[each] * parts)} in {each}" for each in countries if each in prices]
    return ", ".join([_price(program, at_home * parts), *abroad])


def _price(program: Program, mills: int) -> str:
    exponent = exponent_of(program.currency)
    return f"{mills / 10 ** (exponent + 3):.{exponent + 2}f} {program.currency}"


def check_size(reader: Reader, language: str, program: Program) -> None:
    """Check the text of one SMS as it would be sent."""
    text = reader.source.text
    words = longest_words(program, language)
    if has_errors(reader.source.problems):
        return
    if wrong := _breaks(text, words):
        reader.refuse_from_now_on(Mark(1, 1), wrong, "No message could be made of it.")
        return
    filled = _as_sent(text, words, program.messaging)
    if filled is None:
        return
    sent, parts = filled
    longest, most = SPECS[Channel.SMS].longest, program.messaging.max_parts
    if len(sent) > longest:
        message = f"this SMS can have {len(sent)} characters; at most {longest} can be sent"
        reader.refuse_from_now_on(Mark(1, 1), message, f"Shorten it by {len(sent) - longest} characters.")
        return
    dear = _dear(text, program.messaging)
    if parts.count > most:
        _refuse(reader, program, parts, dear)
    elif dear is not None:
        cheap = _as_sent(text.replace(dear[0], ""), words, program.messaging)
        if cheap is not None and cheap[1].count < parts.count:
            _warn_of(reader, program, dear, parts.count, cheap[1].count)


def _refuse(reader: Reader, program: Program, parts: Parts, dear: tuple[str, Mark] | None) -> None:
    most = program.messaging.max_parts
    price = price_of(program, parts.count)
    costs = f", for {price}" if price else ""
    message = f"this SMS can take {parts.count} parts{costs}: at most {most} {'is' if most == 1 else 'are'} sent"
    allowed = {"gsm7": (160, 153), "ucs2": (70, 67)}[parts.encoding][most > 1] * most
    hint = f"Shorten it by some {parts.units - allowed} characters, or write `max_parts: {parts.count}` in `messaging`."
    if dear is not None:
        hint = f'"{dear[0]}" is what makes it dear: {_instead(dear[0], begins=False)}'
    reader.refuse_from_now_on(dear[1] if dear else Mark(1, 1), message, hint)


def _warn_of(reader: Reader, program: Program, dear: tuple[str, Mark], parts: int, cheap: int) -> None:
    was, now = price_of(program, cheap), price_of(program, parts)
    costs = f" ({now} instead of {was})" if now else ""
    message = f'"{dear[0]}" makes it {parts} parts instead of {cheap}{costs}'
    reader.problem(dear[1], message, _instead(dear[0]), warning=True)


def _instead(character: str, *, begins: bool = True) -> str:
    plain = as_plain(character)
    said = f'write "{plain}" instead, or `letters: plain` in `messaging`.' if plain else "leave it out."
    return said[0].upper() + said[1:] if begins else said


def as_plain(character: str) -> str:
    """What a cheap SMS has in the place of a character; empty if there is nothing."""
    plain = transliterate(character)
    return "" if plain == character else plain


def _dear(text: str, messaging: Messaging) -> tuple[str, Mark] | None:
    """The first character of the text itself that makes all of it dear, and where it stands."""
    sent, parts = as_sent(_without_words(text), messaging.letters)
    if parts.encoding == "gsm7" or count_parts(sent).encoding == "gsm7":
        return None
    for number, line in enumerate(text.splitlines(), 1):
        for column, character in enumerate(line, 1):
            if not fits_gsm7(composed(character)) and character in sent:
                return character, Mark(number, column)
    return None


def _without_words(text: str) -> str:
    """A text as it is without what is filled in."""
    try:
        words = _nameless({thing: dict.fromkeys(w, "1") for thing, w in WORDS.items()})
        return render_bounded(compiled(text), words)
    except Exception:  # noqa: BLE001  told elsewhere
        return ""


def _as_sent(text: str, words: Words, messaging: Messaging) -> tuple[str, Parts] | None:
    """As the sender would do it: without the name where that is needed and possible."""
    try:
        template = compiled(text)
        sent = as_sent(render_bounded(template, words).strip(), messaging.letters, [LONG_NAME])
        if sent[1].count > messaging.max_parts and not prints_no_name(text):
            sent = as_sent(render_bounded(template, _nameless(words)).strip(), messaging.letters)
    except Exception:  # noqa: BLE001  told elsewhere
        return None
    return sent


def _breaks(text: str, words: Words) -> str:
    """What goes wrong for some customers only, though the text is right for most; empty if nothing does."""
    card = words["card"]
    for whose, case in (
        ("somebody who gave no name", _nameless(words)),
        ("somebody with a full card", {**words, "card": {**card, "missing": "0"}}),
        ("somebody with an empty card", {**words, "card": {**card, "stamps": "0"}}),
    ):
        try:
            filled = render_bounded(compiled(text), case).strip()
        except ZeroDivisionError:
            return f"the message of {whose} would divide by nothing"
        except Exception:  # noqa: BLE001  told elsewhere
            return ""
        if not filled:
            return f"the message of {whose} would be empty, and not go out"
    return ""


def check_approved(reader: Reader, root: Node, program: Program) -> None:
    """Check the variables of approved templates as they would be filled in."""
    templates = root.get("templates") if isinstance(root, MapNode) else None
    if not isinstance(templates, MapNode):
        return
    approved = [channel for channel, spec in SPECS.items() if spec.wording is Wording.APPROVED]
    longest = min(SPECS[channel].longest for channel in approved)
    for template in program.templates.values():
        entry = templates.get(template.id)
        variables = entry.get("variables") if isinstance(entry, MapNode) else None
        if not isinstance(variables, MapNode):
            continue
        for number, source in template.variables.items():
            place = variables.get(number)
            if place is not None:
                _check_variable(reader, place, source, program, longest)


def _check_variable(reader: Reader, place: Node, source: str, program: Program, longest: int) -> None:
    for language in program.languages:
        words = longest_words(program, language)
        if prints_no_name(source):
            continue  # it is warned of, and goes out to all who have a name
        try:
            filled = render_bounded(compiled(source), words)
        except Exception:  # noqa: BLE001  told elsewhere
            return
        if len(filled) > longest:
            message = f"this variable can have {len(filled)} characters; at most {longest} are taken"
            reader.refuse_from_now_on(place, message)
            return

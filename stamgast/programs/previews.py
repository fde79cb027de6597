"""Messages as some customers would read them, in each language and over each channel, with their parts and price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from channels.model import Prepared
from channels.sample import prepare_sample
from rules.loader import LoadedMerchant
from rules.program.message_size import LONG_NAME, price_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel
from stamgast.programs.contents import Words, filled_variables, sample_words

SOMEBODY: Final = {
    "Noor": ("Noor", "Noor Peeters"),
    "somebody without a name": ("", ""),
    LONG_NAME: (LONG_NAME, LONG_NAME),
}
"""Sample customers: what they are called here, and what they gave as first name and name."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One message to one sample customer. `text` is empty where it would not go out, and `why_not` says why."""

    template: str
    language: str
    channel: Channel
    customer: str
    text: str
    parts: int
    price: str
    why_not: str = ""


def previews_of(loaded: LoadedMerchant, template: str, now: Millis) -> Iterator[Preview]:
    """A template to each sample customer, in each language: over WhatsApp where contents/ says it, and by SMS."""
    program = loaded.program
    file = loaded.contents.get(template)
    for language in program.languages:
        for called, (first, name) in SOMEBODY.items():
            words = sample_words(program, language, now, first, name)
            if file is not None and language in file.languages:
                filled = file.languages[language].filled(filled_variables(program, template, words))
                price = price_of(program, 1, Channel.WHATSAPP)
                yield Preview(template, language, Channel.WHATSAPP, called, filled.shown(), 0, price)
            if language in program.templates[template].sms:
                yield _sms(program, template, language, called, words)


def _sms(program: Program, template: str, language: str, called: str, words: Words) -> Preview:
    prepared = prepare_sample(program, program.templates[template], Channel.SMS, language, words)
    if not isinstance(prepared, Prepared):
        why = prepared.reason if prepared is not None else "it is not written for SMS"
        return Preview(template, language, Channel.SMS, called, "", 0, "", why)
    parts = prepared.parts.count if prepared.parts is not None else 0
    return Preview(template, language, Channel.SMS, called, prepared.body, parts, price_of(program, parts))

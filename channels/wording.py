"""Which of a template's wordings a message is written in, as its channel wants to have it."""

from collections.abc import Sequence
from typing import assert_never

from channels.model import SmsText, WhatsAppTemplate
from stamgast.domain.channels import ChannelSpec, Wording, spec_of
from stamgast.domain.program import Messaging
from stamgast.domain.templates import Template
from stamgast.domain.vocabulary import Channel


def wording_for(
    template: Template, channel: Channel, languages: Sequence[str], house: Messaging
) -> tuple[str, SmsText | WhatsAppTemplate] | None:
    """The language and the wording, in the first of the languages that has one; None if none of them does."""
    written = template.wordings(channel)
    language = next((each for each in languages if each in written), None)
    return None if language is None else (language, _worded(template, written[language], spec_of(channel), house))


def _worded(template: Template, written: str, spec: ChannelSpec, house: Messaging) -> SmsText | WhatsAppTemplate:
    match spec.wording:
        case Wording.TEXT:
            return SmsText(written, house.letters, house.max_parts if spec.most_parts else 0)
        case Wording.APPROVED:
            return WhatsAppTemplate(written, template.variables)
        case _:
            assert_never(spec.wording)

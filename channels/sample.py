"""A message as it would be sent, for somebody who looks at it: nobody gets it."""

from collections.abc import Mapping

from channels.model import Message, Prepared, Refusal, Sender
from channels.prepare import prepare_message
from channels.wording import wording_for
from stamgast.domain.program import Program
from stamgast.domain.templates import Template
from stamgast.domain.units import DAY
from stamgast.domain.vocabulary import Channel

_SAMPLE = "sample"


def prepare_sample(
    program: Program, template: Template, channel: Channel, language: str, words: Mapping[str, Mapping[str, str]]
) -> Prepared | Refusal | None:
    """Render and check a message with these words; None where it is not written for the channel."""
    found = wording_for(template, channel, (language, *program.languages), program.messaging)
    if found is None:
        return None
    locale, wording = found
    message = Message(
        merchant=program.merchant,
        activation=_SAMPLE,
        customer=_SAMPLE,
        template=template.id,
        channel=channel,
        to="",
        locale=locale,
        variables=words,
        source=wording,
        sender=Sender.named(program.messaging.senders.get(channel, "")),
        valid_until=DAY,
    )
    return prepare_message(message, 0)

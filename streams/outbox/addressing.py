"""From an outbox entry to a message: whom it goes to, in which words, from whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

from channels.model import ChannelName, Message, Sender, SmsText, WhatsAppTemplate
from stamgast.domain.activation import Submission
from stamgast.domain.message_words import message_variables
from stamgast.domain.program import Program, Template
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Reason
from stamgast.identity.records import Profile


class People(Protocol):
    """Who is who (`stamgast.state.identities`). Raises NotLoadedError until its view has been read."""

    async def profile(self, merchant: str, customer: str) -> Profile | None:
        """What is known of a customer."""
        ...

    async def stopped_at(self, merchant: str, phone_hash: str) -> Millis | None:
        """Since when that phone wants no messages."""
        ...

    def hash_phone(self, merchant: str, phone: str) -> str:
        """What stands for a phone in keys."""
        ...


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message, and the mark that stops everything to its phone."""

    message: Message
    phone_hash: str


def address(submission: Submission, program: Program, profile: Profile, phone_hash: str) -> Addressed | Reason:
    """Make the message, or say why there is none."""
    template = program.templates.get(submission.template)
    if template is None:
        return Reason.NO_TEMPLATE
    source = _source(template, submission, program)
    if source is None:
        return Reason.NO_WORDING
    locale, wording = source
    words = message_variables(
        program, submission.data, locale, first_name=profile.first_name, name=profile.name or profile.first_name
    )
    messaging = program.messaging
    sender = messaging.whatsapp_sender if submission.channel == "whatsapp" else messaging.sms_sender
    message = Message(
        merchant=submission.merchant,
        activation=submission.activation,
        customer=submission.customer,
        template=submission.template,
        channel=cast(ChannelName, submission.channel),
        to=profile.phone,
        locale=locale,
        variables=cast(Any, words),  # nested: templates ask for `voucher.code`
        source=wording,
        sender=Sender.named(sender),
        valid_until=submission.expires_at,
    )
    return Addressed(message, phone_hash)


def _source(
    template: Template, submission: Submission, program: Program
) -> tuple[str, SmsText | WhatsAppTemplate] | None:
    """The wording in the customer's language, else in the merchant's first one that has it."""
    texts = template.whatsapp if submission.channel == "whatsapp" else template.sms
    for language in (submission.language, *program.languages):
        if language in texts:
            if submission.channel == "whatsapp":
                return language, WhatsAppTemplate(texts[language], template.variables)
            return language, SmsText(texts[language])
    return None

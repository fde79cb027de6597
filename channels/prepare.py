"""From a message to what is submitted: rendered, counted, checked. Pure, shared by all channels and previews."""

from typing import Final, assert_never

from channels.model import Fault, Message, Parts, Prepared, Refusal, SmsText, WhatsAppTemplate
from channels.render import RenderError, is_content_sid, render_text, render_variables
from channels.sms_parts import count_parts, transliterate
from stamgast.domain.channels import Wording, spec_of
from stamgast.domain.units import Millis

LONGEST_VALIDITY: Final = 36_000
"""Seconds; what the provider takes at most (and assumes when nothing is said)."""


def prepare_message(message: Message, now: Millis) -> Prepared | Refusal:
    """Render and check one message. A refusal's reason names template, locale and variable, never a value."""
    validity = min((message.valid_until - now) // 1000, LONGEST_VALIDITY)
    if validity < 1:
        return Refusal(Fault.EXPIRED, f"template {message.template} ({message.locale}): its time has passed")
    if not message.sender.messaging_service_sid and not message.sender.from_:
        return Refusal(Fault.CONFIG, f"no sender is configured for {message.channel}")
    spec = spec_of(message.channel)
    if not isinstance(message.source, source_of(spec.wording)):
        where = f"template {message.template} ({message.locale})"
        return Refusal(Fault.TEMPLATE, f"{where}: is not written for {message.channel}")
    try:
        if isinstance(message.source, SmsText):
            return _prepare_text(message, message.source, validity, spec.longest)
        return _prepare_approved(message, message.source, validity, spec.longest)
    except RenderError as error:
        return Refusal(Fault.TEMPLATE, str(error))


def source_of(wording: Wording) -> type[SmsText] | type[WhatsAppTemplate]:
    """What such a wording is handed over as."""
    match wording:
        case Wording.TEXT:
            return SmsText
        case Wording.APPROVED:
            return WhatsAppTemplate
        case _:
            assert_never(wording)


def count_sms(source: SmsText, text: str) -> tuple[str, Parts]:
    """The text as it will be sent (transliterated if asked for) and its parts."""
    sent = transliterate(text) if source.transliterate else text
    return sent, count_parts(sent)


def _prepare_text(message: Message, source: SmsText, validity: int, longest: int) -> Prepared | Refusal:
    text = render_text(
        source.text, message.variables, template=message.template, locale=message.locale, longest=longest
    )
    body, parts = count_sms(source, text)
    if source.max_parts and parts.count > source.max_parts:
        where = f"template {message.template} ({message.locale})"
        return Refusal(
            Fault.CONTENT, f"{where}: takes {parts.count} SMS parts ({parts.encoding}); at most {source.max_parts}"
        )
    return Prepared(message, body=body, parts=parts, validity_seconds=validity)


def _prepare_approved(message: Message, source: WhatsAppTemplate, validity: int, longest: int) -> Prepared | Refusal:
    if not is_content_sid(source.content_sid):
        where = f"template {message.template} ({message.locale})"
        return Refusal(Fault.TEMPLATE, f"{where}: its ContentSid must be HX and 32 hexadecimal digits")
    values = render_variables(
        source.variables, message.variables, template=message.template, locale=message.locale, longest=longest
    )
    return Prepared(message, content_sid=source.content_sid, content_variables=values, validity_seconds=validity)

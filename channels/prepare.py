"""From a message to what is submitted: rendered, counted, checked. Pure, shared by all channels and previews."""

from collections.abc import Collection, Mapping
from typing import Final, assert_never

from channels.model import Fault, FreeText, Message, Prepared, Refusal, SmsText, WhatsAppTemplate
from channels.render import CostlyError, RenderError, is_content_sid, render_text, render_variables
from rules.program.template_check import prints_no_name
from stamgast.domain.channels import Wording, spec_of
from stamgast.domain.message_words import CUSTOMER, WORDS
from stamgast.domain.sms_parts import Parts, as_sent, composed
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
    if isinstance(message.source, FreeText) and spec.window is not None:
        return _prepare_free(message, message.source, validity, spec.longest)
    if isinstance(message.source, FreeText) or not isinstance(message.source, source_of(spec.wording)):
        where = f"template {message.template} ({message.locale})"
        return Refusal(Fault.TEMPLATE, f"{where}: is not written for {message.channel}")
    try:
        if isinstance(message.source, SmsText):
            return _prepare_text(message, message.source, validity, spec.longest)
        return _prepare_approved(message, message.source, validity, spec.longest)
    except RenderError as error:
        return Refusal(Fault.COSTLY if isinstance(error, CostlyError) else Fault.TEMPLATE, str(error))


def source_of(wording: Wording) -> type[SmsText] | type[WhatsAppTemplate]:
    """What such a wording is handed over as."""
    match wording:
        case Wording.TEXT:
            return SmsText
        case Wording.APPROVED:
            return WhatsAppTemplate
        case _:
            assert_never(wording)


def _prepare_text(message: Message, source: SmsText, validity: int, longest: int) -> Prepared | Refusal:
    names = _names_in(message.variables)
    body, parts = _rendered(message, source, message.variables, names, longest)
    if _is_too_long(parts, source) and any(names) and not prints_no_name(source.text):
        # A name in letters of its own makes all of the text dear: better without it than not at all.
        body, parts = _rendered(message, source, _nameless(message.variables), (), longest)
    if _is_too_long(parts, source):
        where = f"template {message.template} ({message.locale})"
        return Refusal(
            Fault.TOO_LONG, f"{where}: takes {parts.count} SMS parts ({parts.encoding}); at most {source.max_parts}"
        )
    return Prepared(message, body=body, parts=parts, validity_seconds=validity)


def _prepare_free(message: Message, source: FreeText, validity: int, longest: int) -> Prepared | Refusal:
    try:
        where = {"template": message.template, "locale": message.locale}
        body = render_text(source.text, message.variables, **where, longest=longest)
    except RenderError as error:
        return Refusal(Fault.COSTLY if isinstance(error, CostlyError) else Fault.TEMPLATE, str(error))
    return Prepared(message, body=body, validity_seconds=validity)


def _rendered(
    message: Message, source: SmsText, variables: Mapping[str, object], names: Collection[str], longest: int
) -> tuple[str, Parts]:
    text = render_text(source.text, variables, template=message.template, locale=message.locale, longest=longest)
    return as_sent(text, source.letters, names)


def _is_too_long(parts: Parts, source: SmsText) -> bool:
    return 0 < source.max_parts < parts.count


def _names_in(variables: Mapping[str, object]) -> list[str]:
    customer = variables.get(CUSTOMER)
    return [composed(str(each)) for each in customer.values()] if isinstance(customer, Mapping) else []


def _nameless(variables: Mapping[str, object]) -> Mapping[str, object]:
    return {**variables, CUSTOMER: dict.fromkeys(WORDS[CUSTOMER], "")}


def _prepare_approved(message: Message, source: WhatsAppTemplate, validity: int, longest: int) -> Prepared | Refusal:
    if not is_content_sid(source.content_sid):
        where = f"template {message.template} ({message.locale})"
        return Refusal(Fault.TEMPLATE, f"{where}: its ContentSid must be HX and 32 hexadecimal digits")
    values = render_variables(
        source.variables, message.variables, template=message.template, locale=message.locale, longest=longest
    )
    return Prepared(message, content_sid=source.content_sid, content_variables=values, validity_seconds=validity)

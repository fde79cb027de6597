"""From an outbox entry to a message: whom it goes to, in which words, from whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, assert_never, cast

from channels.model import FreeText, Message, Sender, SmsText, WhatsAppTemplate
from channels.wording import wording_for
from stamgast.domain.activation import Submission
from stamgast.domain.alert_words import LINK, MOST_PARTS, languages_of, own_template_named
from stamgast.domain.answers import ANSWER, WELCOME, own_answer_named
from stamgast.domain.answers import MOST_PARTS as MOST_ANSWERED
from stamgast.domain.channels import Address, Wording, channel_named, spec_of
from stamgast.domain.message_words import message_variables
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel, Reason
from stamgast.identity.phones import country_of
from stamgast.identity.records import Profile
from stamgast.identity.sealing import SealError


class Cards(Protocol):
    """What opens a card (`stamgast.state.cards`). Raises as `People`."""

    async def token(self, merchant: str, customer: str) -> str:
        """The token that opens a customer's card now."""
        ...


class People(Protocol):
    """Who is who (`stamgast.state.identities`). Raises NotLoadedError until its view has been read."""

    async def profile(self, merchant: str, customer: str) -> Profile | None:
        """What is known of a customer."""
        ...

    async def stopped_at(self, merchant: str, phone_hash: str) -> Millis | None:
        """Since when that phone wants no messages."""
        ...

    def phone_of_staff(self, merchant: str, sealed: str) -> str:
        """What stands sealed in a published file. Raises `SealError`."""
        ...

    @property
    def cards(self) -> Cards:
        """What opens a customer's card."""
        ...

    def opt_out_key(self, merchant: str, channel: str, address: str) -> str:
        """What an opt-out of a channel is remembered under, for whoever has that address there."""
        ...


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message, and the mark that stops everything to its phone."""

    message: Message
    phone_hash: str


def address_of(profile: Profile, channel: str) -> str:
    """Where somebody is reached over a channel; empty if that is not known. Raises `UnknownChannelError`."""
    kind = spec_of(channel).address
    match kind:
        case Address.PHONE:
            return profile.phone
        case _:
            assert_never(kind)


MORE: Final[Mapping[str, str]] = {"nl": "en nog {}", "fr": "et {} de plus", "de": "und {} weitere", "en": "and {} more"}
"""What a message to staff ends in that tells of others as well."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who of the staff is told, where they are reached, and of how many other customers it tells."""

    phone: str
    others: int = 0


def told_to(submission: Submission, program: Program, people: People, others: int) -> Told | None:
    """Who of the staff it goes to; None for a customer's. Without a phone: nobody can be told."""
    if not submission.staff:
        return None
    who = program.staff.get(submission.staff)
    try:
        return Told("" if who is None else people.phone_of_staff(submission.merchant, who.phone), others)
    except SealError:
        return Told("")


def address(
    submission: Submission,
    program: Program,
    profile: Profile,
    phone_hash: str,
    *,
    told: Told | None = None,
    card: str = "",
    link: str = "",
) -> Addressed | Reason:
    """Make the message, or say why there is none. `profile` is the customer's, whoever is told; `card` the address of
    their card, for messages that tell it; `link` of what staff are told of.
    """
    channel = channel_named(submission.channel)
    source = _wording(submission, program, channel)
    if isinstance(source, Reason):
        return source
    locale, wording = source
    if told is not None and isinstance(wording, SmsText) and told.others:
        more = MORE.get(locale[:2], MORE["en"]).format(told.others)
        wording = replace(
            wording, text=f"{wording.text} ({more})", max_parts=wording.max_parts and wording.max_parts + 1
        )
    data = {**submission.data, LINK: link} if link else submission.data
    words = message_variables(program, data, locale, first_name=profile.first_name, name=profile.name, card_link=card)
    if card and ANSWER in words:
        words[ANSWER]["text"] = f"{words[ANSWER]['text']} {card}"
    message = Message(
        merchant=submission.merchant,
        activation=submission.activation,
        customer=submission.customer,
        template=submission.template,
        channel=channel,
        to=address_of(profile, channel) if told is None else told.phone,
        locale=locale,
        variables=cast(Any, words),  # nested: templates ask for `voucher.code`
        source=wording,
        sender=Sender.named(program.messaging.senders.get(channel, "")),
        valid_until=submission.expires_at,
        country=_priced_abroad(program, channel, address_of(profile, channel)),
    )
    return Addressed(message, phone_hash)


def _wording(
    submission: Submission, program: Program, channel: Channel
) -> tuple[str, SmsText | WhatsAppTemplate | FreeText] | Reason:
    """The language and the words, in ours or in the shop's, or why there are none."""
    answer = own_answer_named(submission.template)
    welcome = program.templates.get(submission.data.get(WELCOME, "")) if answer is not None else None
    if answer is not None and welcome is not None and welcome.sms:
        answer = replace(answer, sms=welcome.sms)
    ours = answer or own_template_named(submission.template)
    template = ours or program.templates.get(submission.template)
    if template is None:
        return Reason.NO_TEMPLATE
    languages = languages_of(program, submission.language) if ours else (submission.language, *program.languages)
    if answer is not None and spec_of(channel).wording is Wording.APPROVED:
        spoken = next(each for each in _spoken(languages) if each in answer.sms)
        return spoken, FreeText(answer.sms[spoken])
    source = wording_for(template, channel, languages if answer is None else _spoken(languages), program.messaging)
    if source is None:
        return Reason.NO_WORDING
    locale, wording = source
    if ours is not None and isinstance(wording, SmsText):
        wording = replace(wording, max_parts=MOST_PARTS if answer is None else MOST_ANSWERED)
    return locale, wording


def _spoken(languages: Sequence[str]) -> Sequence[str]:
    """Each of them, and after it the language that it is a kind of: nl-BE is answered in nl."""
    return [each for language in languages for each in (language, language[:2])]


def _priced_abroad(program: Program, channel: Channel, to: str) -> str:
    """The country of an address, where messages over the channel have a price of their own; empty: that at home."""
    prices = program.prices.get(channel)
    if not prices or spec_of(channel).address is not Address.PHONE:
        return ""
    country = country_of(to)
    return country if country != program.region and country in prices else ""

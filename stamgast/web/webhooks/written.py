"""One message that somebody wrote to one merchant, and what the door can do about it: seal it, tell it, answer it."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from channels.meanings import Meaning
from channels.model import Inbound, Keyword
from channels.twilio.addresses import bare
from stamgast.domain.door_texts import DoorText, door_text
from stamgast.domain.event import Event
from stamgast.domain.events import ConsentChanged, Replied
from stamgast.domain.preferences import Place
from stamgast.domain.program import Program
from stamgast.domain.questions import read_answers
from stamgast.domain.units import Millis
from stamgast.identity.phones import country_of
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.sealing import DataKey
from stamgast.log.replies import Reply, Words, seal_reply
from stamgast.media.record import media_id, wanted
from stamgast.people.opt_out import NOT_NOW
from stamgast.web.deps import Deps
from stamgast.web.webhooks.door_answers import may_answer_phone


@dataclass(frozen=True)
class Written:
    """See the module. It holds personal data: never log it."""

    deps: Deps
    program: Program
    inbound: Inbound
    meaning: Meaning
    at: Millis

    def __repr__(self) -> str:
        return "Written(...)"

    @property
    def merchant(self) -> str:
        """Whom it was written to."""
        return self.program.merchant

    @property
    def keyword(self) -> Keyword:
        """What it means to them."""
        return self.meaning.keyword

    @cached_property
    def phone_hash(self) -> str:
        """What stands for the phone that it came from."""
        return self.deps.identities.hash_phone(self.merchant, self.inbound.from_)

    @cached_property
    def id(self) -> str:
        """What stands for the message on the streams."""
        return hashlib.sha256(f"reply\x1f{self.inbound.provider_id}".encode()).hexdigest()[:32]

    @property
    def place(self) -> str:
        """Where it was said, in a proof: the channel, and the carrier's name of the message."""
        return f"{self.inbound.channel}:{self.inbound.provider_id}"

    @property
    def is_to_them(self) -> bool:
        """Whether it went to a sender of the merchant's."""
        return is_to(self.inbound, self.program)

    async def customers(self) -> list[str]:
        """Whose phone it is. Raises `NotLoadedError`."""
        return sorted(await self.deps.identities.customers_of_phone(self.merchant, self.phone_hash))

    async def keep(self, customer: str, key: DataKey) -> None:
        """Keep what was written, sealed under the customer's own key, and ask for the files that came with it."""
        deps, inbound, whose = self.deps, self.inbound, (self.merchant, customer)
        files = tuple(media_id(whose, place) for place in inbound.files)
        reply = Reply(self.at, inbound.channel, Words(inbound.text, inbound.button, inbound.media, files))
        await deps.appender.append(deps.topics.replies, [seal_reply(key, whose, reply, self.id)])
        if inbound.files:
            asked = wanted(whose, self.at, inbound.channel, self.id, inbound.files)
            await deps.appender.append(deps.topics.media, asked)

    @cached_property
    def read(self) -> dict[str, str]:
        """What it would mean as an answer to each question: nothing personal is in it in the clear."""
        place = Place(country_of(self.inbound.from_), self.deps.identities.veil(self.merchant).hide_birthday)
        return read_answers(self.program.questions, self.inbound.text, self.inbound.button, place)

    def told(
        self, customer: str, *, answers: bool, read_as_answer: bool = True, fills: str = "", proof: str = ""
    ) -> Replied:
        """What the customer's stream hears of it: that they wrote, and what it meant."""
        inbound, meaning = self.inbound, self.meaning
        return Replied(
            merchant=self.merchant,
            customer=customer,
            at=self.at,
            id=self.id,
            channel=inbound.channel,
            keyword=None if meaning.keyword is Keyword.NONE else meaning.keyword.value,
            phone=self.phone_hash,
            answers=answers,
            media=inbound.media,
            read=self.read if read_as_answer else {},
            topics=meaning.topics,
            code=meaning.code if meaning.keyword is Keyword.JOIN else "",
            fills=fills,
            proof=proof,
        )

    def topics_changed(
        self, customer: str, key: DataKey, topics: Sequence[str], *, back: bool, said: str = ""
    ) -> list[Event]:
        """Topics that were left or come back to, each with its proof: what was said, where, in which message."""
        who = (self.merchant, customer)
        return [
            ConsentChanged(
                merchant=self.merchant,
                customer=customer,
                at=self.at,
                purpose="",
                channel=self.inbound.channel,
                granted=back,
                proof=seal_proof(key, who, Proof(said or f"{'START' if back else 'STOP'} {topic}", self.place)),
                topic=topic,
            )
            for topic in topics
        ]

    async def say(self, text: DoorText, language: str = "", **words: str) -> str:
        """The door's own answer, in the language of whose phone it is; empty if that may have none."""
        if not await may_answer_phone(self.deps.redis, self.merchant, self.phone_hash, self.id, self.at):
            return ""
        with suppress(*NOT_NOW):
            for customer in await self.customers():
                profile = await self.deps.identities.profile(self.merchant, customer)
                language = (profile.language if profile is not None else "") or language
        return door_text(text, self.program, language, **words)


def is_to(inbound: Inbound, program: Program) -> bool:
    """Whether a message went to a sender of the merchant's."""
    senders = {bare(sender) for sender in program.messaging.senders.values() if sender}
    return not senders.isdisjoint({inbound.to, inbound.messaging_service_sid} - {""})

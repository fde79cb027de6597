"""What came from customers: their words, what those were as answers to questions, and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import key_of
from stamgast.domain.told import OF_QUESTION, Line, Told, decode_line
from stamgast.domain.units import DAY, Millis
from stamgast.log.reading import ConsumerRecord, LogReader
from stamgast.log.replies import Reply, replies_in
from stamgast.log.topics import Topics
from stamgast.media.record import Came, Fetched, Record, Wanted, read_record
from stamgast.state.identities import IdentityStore


@dataclass(frozen=True, slots=True)
class Photo:
    """A file that came with a message. `came` is None while it is not there yet."""

    id: str
    came: Came | None
    width: int = 0
    height: int = 0
    bytes: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether it can be looked at."""
        return self.came is Came.KEPT


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of a customer. `question` and `answer` are what it was taken for, if for any (of a text: empty)."""

    customer: str
    reply: Reply
    photos: tuple[Photo, ...] = ()
    question: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where what customers send stands."""

    bootstrap: str
    topics: Topics
    people: IdentityStore

    async def read(self, merchant: str, now: Millis, days: int, customer: str = "") -> list[Heard]:
        """What customers of a merchant (or one of them) sent in the last so many days, newest first.

        Of those who were forgotten there is nothing.
        """
        since = now - days * DAY
        async with LogReader(self.bootstrap, client_id="stamgast-inbox") as reader:
            sealed = await _sealed(reader, self.topics.replies, merchant)
            photos = await _photos(reader, self.topics.media, merchant)
            answers = await _answers(reader, self.topics, merchant, since)
        heard = []
        for whose, records in sealed.items():
            key = await self.people.key_of(merchant, whose) if customer in {"", whose} else None
            for reply in replies_in((each.value for each in records), (merchant, whose), key, now):
                if reply.at >= since:
                    came = tuple(photos.get(each, Photo(each, None)) for each in reply.words.files)
                    heard.append(_as_answer(Heard(whose, reply, came), answers.get((whose, reply.at))))
        return sorted(heard, key=lambda each: (-each.reply.at, each.customer))


async def find_photo(bootstrap: str, topics: Topics, media: str) -> Record | None:
    """What is known of a file by its id: that it is wanted, or what became of it."""
    found: Record | None = None
    async with LogReader(bootstrap, client_id="stamgast-inbox") as reader:
        async for records in reader.read_all(topics.media, 0):
            for record in records:
                said = _read(record)
                if said is not None and said.id == media and not isinstance(found, Fetched):
                    found = said
    return found


def _as_answer(heard: Heard, line: Line | None) -> Heard:
    if line is None:
        return heard
    return replace(heard, question=line.cause.removeprefix(OF_QUESTION), answer=line.became)


async def _sealed(reader: LogReader, topic: str, merchant: str) -> dict[str, list[ConsumerRecord]]:
    """Customer -> their records."""
    found: dict[str, list[ConsumerRecord]] = {}
    async for records in reader.read_all(topic, 0):
        for record in records:
            if whose := _customer_in(record, merchant):
                found.setdefault(whose, []).append(record)
    return found


async def _photos(reader: LogReader, topic: str, merchant: str) -> dict[str, Photo]:
    found: dict[str, Photo] = {}
    async for records in reader.read_all(topic, 0):
        for record in records:
            match _read(record):
                case Fetched() as said if said.merchant == merchant:
                    found[said.id] = Photo(said.id, said.came, said.width, said.height, said.bytes)
                case Wanted() as said if said.merchant == merchant:
                    found.setdefault(said.id, Photo(said.id, None))
    return found


async def _answers(
    reader: LogReader, topics: Topics, merchant: str, since: Millis
) -> Mapping[tuple[str, Millis], Line]:
    """(customer, when) -> the line that says what a message was as an answer."""
    found: dict[tuple[str, Millis], Line] = {}
    pairs = [(topics.facts, number) for number in range(topics.partitions)]
    starts, ends = await reader.since(pairs, since), await reader.ends(pairs)
    for pair, end in ends.items():
        async for records in reader.read(pair.topic, pair.partition, starts[pair], end):
            for record in records:
                line = _answer_in(record, merchant)
                if line is not None:
                    found[line.customer, line.at] = line
    return found


def _answer_in(record: ConsumerRecord, merchant: str) -> Line | None:
    if OF_QUESTION.encode() not in (record.value or b""):
        return None  # most lines: not even read
    try:
        line = decode_line(record.value)
    except UNREADABLE:
        return None
    asked = line.kind == Told.ANSWER and line.cause.startswith(OF_QUESTION)
    return line if asked and line.merchant == merchant else None


def _customer_in(record: ConsumerRecord, merchant: str) -> str:
    begins = key_of(merchant, "")
    return record.key[len(begins) :].decode("utf-8", "replace") if (record.key or b"").startswith(begins) else ""


def _read(record: ConsumerRecord) -> Record | None:
    try:
        return read_record(record.value)
    except UNREADABLE:
        return None

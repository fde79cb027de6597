"""What customers of a shop sent, sealed as it stands on the topics, and an inbox that reads it without Kafka and Redis."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from channels.model import FilePlace
from stamgast.domain.conversation import Conversation
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.draws import Winner
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR, Millis
from stamgast.domain.urns import DrawMark, Drawn
from stamgast.identity.sealing import DataKey
from stamgast.log.replies import Reply, Words, seal_reply
from stamgast.marketer.inbox_reading import InboxReading
from stamgast.media.inbox_tables import FileTable, ReplyTable
from stamgast.media.record import Came, Fetched, Wanted, as_record
from stamgast.media.sealed_pictures import seal_picture
from stamgast.state.draw_marks import encode_draw
from stamgast.state.keys import PartitionKeys
from tests.fakes.house import MERCHANT, NOON

JPEG = b"\xff\xd8 a picture"
NOOR, SAM, GONE = "4a9f2c1d", "77b0e6a3", "forgotten"
KEYS = {name: DataKey(f"key-{name}", name.encode().ljust(32, b"k")) for name in (NOOR, SAM, GONE)}
_WINNERS = (Winner(NOOR, "e1", "t1", "loaf"), Winner(SAM, "e2", "t2"))
MARKS = {"spring": DrawMark("0" * 64, 2, Drawn("1" * 64, 31, 44, _WINNERS, at=NOON - 90 * HOUR))}
LONG = "Heerlijk brood, maar de rij was zaterdag wel erg lang. " * 4


class CameIn:
    """Tables and a store, filled by a test."""

    def __init__(self) -> None:
        self.replies, self.files = ReplyTable(), FileTable()
        self.pictures: dict[str, bytes] = {}
        self.known = {name: key for name, key in KEYS.items() if name != GONE}
        self.replies.loaded = self.files.loaded = True

    def write(self, customer: str, text: str, at: Millis, *files: str, merchant: str = MERCHANT, **more: Any) -> None:
        reply = Reply(at, "whatsapp", Words(text=text, media=len(files), files=files, **more))
        self.replies.note(*seal_reply(KEYS[customer], (merchant, customer), reply, f"SM{at}{customer}"))

    def file(self, media: str, customer: str, came: Came | None, merchant: str = MERCHANT) -> None:
        name = f"1/{media}"
        place = FilePlace("AC1", "MM1", "ME1")
        if came is None:
            said: Any = Wanted(media, merchant, customer, NOON, "whatsapp", "SM1", place)
        else:
            said = Fetched(
                media, merchant, customer, NOON, "whatsapp", "SM1", came, name, KEYS[customer].id, 9, 640, 480
            )
        if came is Came.KEPT:
            self.pictures[name] = seal_picture(KEYS[customer], (merchant, customer), media, JPEG)
        self.files.note(*as_record(said))


class StillRedis:
    """Counters and marks of draws, in the first partition."""

    def __init__(self, totals: Mapping[str, int], marks: Mapping[str, DrawMark]) -> None:
        self._stats = [
            word for name, by in totals.items() for word in (f"{MERCHANT}|{name}".encode(), str(by).encode())
        ]
        self._marks = marks

    async def attempt(self, _key: str, ask: Any) -> Any:
        return await ask(self)

    async def call(self, command: str, _key: str, *words: Any) -> Any:
        if command == "HSCAN":
            return [b"0", self._stats]
        draw = str(words[0]).rpartition(":")[2]
        return encode_draw(self._marks[draw]).encode() if draw in self._marks else None


def a_week() -> CameIn:
    """Messages of every kind."""
    came = CameIn()
    came.write(NOOR, "9", NOON - HOUR)
    came.write(SAM, LONG, NOON - 2 * HOUR)
    came.write(SAM, "Kijk!", NOON - 5 * HOUR, "aa11", "bb22", "cc33")
    came.write(GONE, "Nobody reads this", NOON - 6 * HOUR)
    came.write(NOOR, "", NOON - 30 * HOUR, button="Ja, graag")
    came.file("aa11", SAM, Came.KEPT)
    came.file("bb22", SAM, Came.TOO_LARGE)
    came.file("cc33", SAM, None)
    return came


def talk_of(keys_name: str) -> Conversation:
    """What a state remembers: Noor gave a nine, Sam a four some days ago."""
    if keys_name.endswith(NOOR):
        return Conversation(scores={"visit": (9, NOON - HOUR)})
    return Conversation(scores={"visit": (4, NOON - 80 * HOUR)})


def inbox_of(program: Program, totals: Mapping[str, int], came: CameIn | None = None) -> Any:
    """The inbox; `program` is whose draws are shown."""
    came = came or a_week()

    async def key_of(_merchant: str, customer: str) -> DataKey | None:
        return came.known.get(customer)

    async def value(_keys: PartitionKeys, key: str) -> bytes | None:
        return encode_customer(Customer(purchases=3, conversation=talk_of(key)))

    redis: Any = StillRedis(totals, MARKS)
    people: Any = SimpleNamespace(key_of=key_of)
    filling: Any = SimpleNamespace(value=value)
    pictures: Any = SimpleNamespace(get=came.pictures.get)
    return InboxReading(redis, 1, filling, people, came.replies, came.files, pictures)

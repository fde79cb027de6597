"""Dead letters are told of by merchant until somebody plays them again."""

from msgspec import json

from stamgast.identity.sealing import WrappingKeys
from stamgast.log.dead_letters import DeadLetter, DeadLetterSeal, Stored
from stamgast.log.letter_table import NOBODY, LetterTable

SEAL = DeadLetterSeal(WrappingKeys({"first": b"k" * 32}))


def letter(offset: int, key: bytes | None, seal: DeadLetterSeal = SEAL) -> tuple[bytes | None, bytes | None]:
    return seal.encode(DeadLetter("purchases.v1", 0, offset, key, b"{", "it is cut off", 1_000 + offset))


def replayed(offset: int) -> tuple[bytes, bytes]:
    note = Stored(topic="purchases.v1", partition=0, offset=offset, reason="", at=0, sealed="", replayed_at=9)
    return b"", json.encode(note)


def test_each_merchant_sees_their_own_until_they_are_played_again() -> None:
    table = LetterTable(SEAL)
    for record in (letter(1, b"bakery:t1"), letter(2, b"cheese:t1"), letter(3, b"bakery:t2"), letter(1, b"bakery:t1")):
        table.note(*record)
    assert [each.id for each in table.of("bakery")] == ["purchases.v1-0-1", "purchases.v1-0-3"]
    table.note(*replayed(1))
    assert [each.reason for each in table.of("bakery")] == ["it is cut off"]
    assert len(table.of("cheese")) == 1
    table.forget()
    assert not table.of("cheese")


def test_what_cannot_be_opened_or_has_no_key_is_nobodys_and_rubbish_is_none() -> None:
    table = LetterTable(SEAL)
    table.note(*letter(1, b"bakery:t1", DeadLetterSeal(WrappingKeys({"first": b"x" * 32}))))
    table.note(*letter(2, None))
    table.note(b"?", b"no letter")
    table.note(None, None)
    assert len(table.of(NOBODY)) == 2
    assert not table.of("bakery")


def test_what_a_till_delivered_is_of_the_merchant_whose_address_it_came_to() -> None:
    table = LetterTable(SEAL)
    table.note(*SEAL.encode(DeadLetter("pos.bakery.shopify", 0, 7, None, b"{}", "no total", 1)))
    assert [each.id for each in table.of("bakery")] == ["pos.bakery.shopify-0-7"]
    assert not table.of(NOBODY)

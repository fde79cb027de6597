"""What is sent of a line: its type, an id of what it says, and itself as it stands."""

import json

import pytest

from stamgast.domain.activation import Note
from stamgast.domain.told import Line, encode_line
from stamgast.domain.vocabulary import NoteKind
from stamgast.feeds.happened import UnknownKindError, check_wanted, is_wanted, read_happened
from stamgast.state.outbox import encode_note

LINE = encode_line(Line(kind="voucher", became="given", merchant="m", customer="c1", at=1_700_000_000_123, reward="é"))
NOTE = encode_note(Note("outcome", "a1", "m", "c1", 1_700_000_000_000, status="sent"))


def test_a_line_is_sent_as_it_stands() -> None:
    found = read_happened("facts.v1", LINE)
    assert found is not None
    body = json.loads(found.body)
    assert (found.type, found.merchant, found.customer) == ("fact.voucher.given", "m", "c1")
    assert body == {"type": found.type, "timestamp": "2023-11-14T22:13:20.123Z", "data": json.loads(LINE)}
    noted = read_happened("activations.v1", NOTE)
    assert noted is not None
    assert noted.type == "activation.outcome"


def test_a_line_that_stands_there_again_has_the_same_id_and_another_has_not() -> None:
    ids = [
        read_happened(topic, value)
        for topic, value in (("facts.v1", LINE), ("facts.v1", LINE), ("activations.v1", NOTE))
    ]
    first, again, other = [each.id for each in ids if each]
    assert first == again != other


@pytest.mark.parametrize(
    "value",
    [None, b"", b"no JSON", b"[]", b'{"kind":"x"}', b"\xff", b"[" * 100_000, LINE.replace(b"1700000000123", b"9" * 18)],
)
def test_what_is_no_line_is_not_sent(value: bytes | None) -> None:
    assert read_happened("facts.v1", value) is None


def test_a_word_of_a_person_breaks_no_document() -> None:
    line = encode_line(Line(kind="answer", became='a"},{', merchant="m", customer="c1", at=1))
    found = read_happened("facts.v1", line)
    assert found is not None
    assert json.loads(found.body)["type"] == 'fact.answer.a"},{'


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("facts", "did you mean 'fact'"),
        ("fact.vouchers", "did you mean 'voucher'"),
        ("fact.voucher.givn", "did you mean 'given'"),
        ("fact.stamps.full", "there are"),
        ("activation.outcome.sent", "none below it"),
        ("fact.", "is no kind"),
        ("", "there are fact, activation"),
    ],
)
def test_a_kind_that_never_comes_is_refused(kind: str, told: str) -> None:
    with pytest.raises(UnknownKindError, match=told):
        check_wanted([kind])


def test_kinds_stand_for_what_begins_with_them() -> None:
    wanted = check_wanted(["fact.voucher", "fact.tier.gold", "activation", "fact.voucher"])
    assert wanted == ("fact.voucher", "fact.tier.gold", "activation")
    kinds = ("fact.voucher.given", "fact.vouchers.x", "fact.tier.gold", "fact.tier.gold2", "activation.priced")
    assert [is_wanted(wanted, kind) for kind in kinds] == [True, False, True, False, True]
    assert is_wanted((), "fact.stage.active")
    assert check_wanted([f"activation.{kind}" for kind in NoteKind])

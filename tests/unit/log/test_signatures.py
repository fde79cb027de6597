"""Records that are believed: those that we signed, just so and there, and those from before there were signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from stamgast.clock.since import Since
from stamgast.log.address import KafkaAddress, signatures_at
from stamgast.log.signatures import REFUSED, Signatures, UnsignedError, carries_one
from stamgast.log.topics import BELIEVED_BY_NOBODY, PROVEN, SIGNED, SIGNED_LATER, TABLE
from stamgast.settings import Settings

ROOT = Path(__file__).parents[3]
TOPIC, OTHER = "api-keys.v1", "purchases.v1"
SINCE = 1_000_000
OURS = Signatures(b"k" * 32, [TOPIC, "identities.v1"], SINCE)


@dataclass
class Appended:
    key: bytes | None
    value: bytes | None
    headers: Any
    timestamp: int = SINCE + 1
    timestamp_type: int = 1
    offset: int = 7


def signed(
    key: bytes | None = b"id", value: bytes | None = b"{}", by: Signatures = OURS, topic: str = TOPIC
) -> Appended:
    return Appended(key, value, by.headers(topic, key, value))


@pytest.mark.parametrize("record", [signed(), signed(value=None), signed(key=None), signed(value=b"")])
def test_what_we_signed_is_believed_where_we_appended_it(record: Appended):
    assert OURS.believes(TOPIC, record)
    assert not OURS.believes("identities.v1", record)


@pytest.mark.parametrize(
    "record",
    [
        replace(signed(), value=b"{} "),
        replace(signed(), value=None),
        replace(signed(), key=b"other"),
        replace(signed(value=None), value=b""),
        replace(signed(), headers=()),
        replace(signed(), headers=[("mac", None)]),
        replace(signed(), headers=[("mac", b"")]),
        replace(signed(), headers=[("other", b"x" * 16)]),
        signed(by=Signatures(b"x" * 32, [TOPIC])),
    ],
)
def test_nothing_else_is_and_it_is_counted(record: Appended):
    before = REFUSED[TOPIC]
    assert OURS.believed(TOPIC, [record, signed()]) == [signed()]
    assert REFUSED[TOPIC] == before + 1


def test_what_kafka_appended_before_there_were_signatures_is_believed():
    old = Appended(b"id", b"{}", (), timestamp=SINCE - 1)
    assert OURS.believes(TOPIC, old)
    assert not OURS.believes(TOPIC, replace(old, timestamp=SINCE))
    assert not OURS.believes(TOPIC, replace(old, timestamp_type=0)), "a time that the sender gave proves nothing"
    assert not OURS.believes(TOPIC, replace(old, headers=[("mac", b"x" * 16)]))


def test_until_a_moment_is_set_everything_is_believed_and_signed_already():
    trusting = Signatures(b"k" * 32, [TOPIC])
    assert trusting.believed(TOPIC, [Appended(b"id", b"{}", ())])
    assert OURS.believes(TOPIC, signed(by=trusting))


def test_topics_that_were_signed_later_have_a_moment_of_their_own():
    """A shop whose records have to be signed already has logs of activations that nobody signed."""
    later = "activations.v1"
    unsigned = Appended(b"id", b"{}", (), timestamp=SINCE + 1)
    updated = Signatures(b"k" * 32, [TOPIC], SINCE, later_topics=[later])
    assert updated.believed(later, [unsigned]) == [unsigned]
    assert updated.believed(TOPIC, [unsigned]) == []
    assert updated.headers(later, b"id", b"{}"), "all are signed already"
    asking = Signatures(b"k" * 32, [TOPIC], SINCE, later_topics=[later], later_since=SINCE + 1)
    before, ours = replace(unsigned, timestamp=SINCE), signed(topic=later, by=updated)
    assert asking.believed(later, [unsigned, before, ours]) == [before, ours]


def test_of_every_topic_it_is_decided_who_is_believed_on_it():
    decided = [*SIGNED, *SIGNED_LATER, *PROVEN, *BELIEVED_BY_NOBODY]
    assert sorted(decided) == sorted(topic.name for topic in TABLE), "each once"
    table = (ROOT / "docs/operations.md").read_text().partition("| topic | who writes |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `([a-z.-]+v1)` ", table, re.MULTILINE)) == sorted(decided)


def test_topics_of_others_are_left_alone():
    assert OURS.headers(OTHER, b"k", b"v") == []
    assert OURS.believed(OTHER, [Appended(b"id", b"{}", ())])


def test_on_a_topic_that_is_open_to_others_ours_are_signed_and_theirs_passed_on():
    beside = Signatures(b"k" * 32, [TOPIC], SINCE, open_topics=[OTHER], proven_since=Since(everybody=SINCE))
    ours = Appended(b"id", b"{}", beside.headers(OTHER, b"id", b"{}"))
    theirs = [replace(ours, headers=headers) for headers in ((), [("mac", b"x" * 16)], [("mac", None)])]
    assert beside.believed(OTHER, [ours, *theirs]) == [ours, *theirs]
    assert [carries_one(each) and beside.is_ours(OTHER, each) for each in (ours, *theirs)] == [
        True,
        False,
        False,
        False,
    ]
    assert not beside.is_ours(OTHER, signed(by=beside)), "what was signed for another topic"
    for asked in ({"since": SINCE}, {"proven_since": Since(everybody=SINCE)}):
        with pytest.raises(UnsignedError, match="records on purchases.v1 are signed, and STAMGAST_ID_KEY is missing"):
            Signatures(open_topics=[OTHER], **asked).headers(OTHER, b"k", b"v")


def test_who_has_no_key_reads_and_cannot_append_what_nobody_would_believe():
    with pytest.raises(UnsignedError, match="STAMGAST_ID_KEY is missing"):
        Signatures(b"", [TOPIC], SINCE).headers(TOPIC, b"k", b"v")
    assert Signatures(b"", [TOPIC]).headers(TOPIC, b"k", b"v") == []


def test_an_address_with_signatures_is_passed_on_as_the_plain_one():
    address = KafkaAddress("a:1,b:2", OURS)
    assert (address, address.split(",")) == ("a:1,b:2", ["a:1", "b:2"])
    assert signatures_at(address) is OURS
    assert signatures_at("a:1").headers(TOPIC, b"k", b"v") == []


def test_the_moment_is_a_time_with_its_offset():
    with pytest.raises(ValueError, match="RFC 3339"):
        Settings(_env_file=None, signed_since="2026-01-01")
    Settings(_env_file=None, signed_since="2026-01-01T00:00:00Z")
    with pytest.raises(ValueError, match="RFC 3339"):
        Settings(_env_file=None, proven_since="winkel=2026-01-01")
    Settings(_env_file=None, proven_since="winkel=2026-01-01T00:00:00Z")

"""Feeds on their topic: keys that are read as they are written, secrets that open for their own feed alone."""

import pytest

from stamgast.feeds.record import Feed, Key, Name, Progress, Refused, encode, feed_key, fresh, progress_key, read_key
from stamgast.feeds.secrets import FeedSeal, SecretError, new_secret
from stamgast.feeds.table import FeedTable
from stamgast.identity.sealing import WrappingKeys

NAME = Name("bakker", "crm")
KEYS = WrappingKeys({"first": b"k" * 32})
FEED = Feed("bakker", "crm", "https://crm.example/", 1, {"facts.v1": (5, 6), "activations.v1": (7, 8)}, turn=3)


def test_keys_are_read_as_they_are_written() -> None:
    assert read_key(feed_key(NAME)) == Key(NAME)
    assert read_key(progress_key(NAME, 11)) == Key(NAME, 11)
    for foreign in (None, b"", b"feed:x", b"progress:x:y", b"progress:x:y:z", b"connection:x:y", b"\xff:a:b"):
        assert read_key(foreign) is None


def test_the_newest_of_each_counts_and_rubbish_is_nothing() -> None:
    table = FeedTable()
    table.note(feed_key(NAME), encode(FEED))
    table.note(progress_key(NAME, 1), encode(Progress(1, 3, {"facts.v1": 9, "activations.v1": 9}, gone_at_wake=0)))
    assert table.find(NAME) == FEED
    assert table.is_gone(FEED)
    table.note(progress_key(NAME, 1), b"rubbish")
    assert not table.progress(FEED)
    table.note(feed_key(Name("other", "crm")), encode(FEED))
    assert table.all() == [FEED]
    table.note(feed_key(NAME), None)
    assert not table.all()


def test_a_new_turn_keeps_what_was_laid_aside_and_is_not_sent_now() -> None:
    laid = (Refused("facts.v1", 4, "it answers 422", 1), Refused("facts.v1", 6, "it answers 422", 1))
    before = Progress(1, 2, {"facts.v1": 9, "activations.v1": 9}, refused=laid)
    begun = fresh(FEED, 1, 10, before)
    assert (begun.reached, begun.refused) == ({"facts.v1": 6, "activations.v1": 8}, laid[:1])


def test_two_secrets_sign_while_one_replaces_the_other() -> None:
    seal, secrets = FeedSeal(KEYS), [new_secret() for _ in range(3)]
    feed = FEED
    for secret in secrets:
        feed = Feed("bakker", "crm", FEED.url, 1, {}, sealed=seal.rotated(feed, secret, instead=False))
    assert seal.open(feed) == [secrets[2], secrets[1]]
    assert len(seal.rotated(feed, secrets[0], instead=True)) == 1
    assert secrets[2].encode() not in encode(feed)


def test_a_secret_opens_for_its_own_feed_alone() -> None:
    sealed = FeedSeal(KEYS).seal(NAME, new_secret())
    with pytest.raises(SecretError, match="feeds rotate"):
        FeedSeal(KEYS).open(Feed("bakker", "books", FEED.url, 1, {}, sealed=(sealed,)))

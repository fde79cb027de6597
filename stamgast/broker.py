"""Kafka as this deployment reaches it. Whoever has settings asks here; everything below is handed the address."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from stamgast.clock.shop_time import parse_time
from stamgast.clock.since import Since
from stamgast.identity.sealing import decode_key, derive_record_key
from stamgast.log.address import KafkaAddress
from stamgast.log.locks import Locks
from stamgast.log.signatures import Signatures
from stamgast.log.tokens import TokenSource
from stamgast.log.topics import SIGNED, SIGNED_LATER, Topics
from stamgast.logs import get_logger
from stamgast.settings import Settings

log = get_logger(__name__)

ID_KEY: Final = "STAMGAST_ID_KEY"


def warn_of_unsigned(settings: Settings) -> None:
    """Say once that anybody who can write to our topics is believed."""
    if not settings.signed_since:
        log.warning("records that nobody signed are believed", until="STAMGAST_SIGNED_SINCE is set")
    if not settings.all_signed_since:
        topics = ", ".join(SIGNED_LATER)
        log.warning("records that nobody signed are believed", topics=topics, until="STAMGAST_ALL_SIGNED_SINCE is set")
    if not settings.proven_since:
        log.warning("purchases that anybody writes to Kafka are believed", until="STAMGAST_PROVEN_SINCE is set")


def kafka_of(settings: Settings) -> KafkaAddress:
    """The address. A command that has no ID_KEY reads; it appends nothing that has to be signed."""
    topics = Topics(settings.partitions, settings.topic_prefix)
    signed, later = ([topics.prefix + name for name in names] for names in (SIGNED, SIGNED_LATER))
    since = parse_time(settings.signed_since) if settings.signed_since else None
    later_since = parse_time(settings.all_signed_since) if settings.all_signed_since else None
    text = settings.id_key.get_secret_value()
    try:
        key = derive_record_key(decode_key(text, ID_KEY)) if text else b""
    except ValueError:
        key = b""  # whoever needs it says what is wrong with it
    proven = Since.parse(settings.proven_since)
    signatures = Signatures(
        key, signed, since, later_topics=later, later_since=later_since, open_topics=[topics.purchases],
        proven_since=proven,
    )  # fmt: skip
    return KafkaAddress(settings.kafka_bootstrap, signatures, locks_of(settings))


@lru_cache(maxsize=8)
def locks_of(settings: Settings) -> Locks:
    """What lets in at Kafka; one for all clients of a process, so that they share tokens and read the CA once."""
    name, secret, ca = settings.kafka_username, settings.kafka_password.get_secret_value(), settings.kafka_ca_file
    with_name = settings.kafka_security.startswith("SASL")
    mechanism = settings.kafka_mechanism if with_name else ""
    tokens = None
    if mechanism == "OAUTHBEARER":
        tokens = TokenSource(settings.kafka_oauth_url, name, secret, scope=settings.kafka_oauth_scope, ca_file=ca)
    return Locks(settings.kafka_security, mechanism, name, secret, ca, tokens)

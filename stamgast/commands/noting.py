"""What a command did, for the audit log: under the account of the machine that it ran under, or STAMGAST_WHO."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from stamgast.commands.answering import kafka_of, say
from stamgast.commands.signing import who_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stamgast.audit.book import AuditSeal
    from stamgast.audit.record import About, Did
    from stamgast.settings import Settings


def note_done(settings: Settings, what: Did, *about: About, by: str = "") -> None:
    """Note what was done. It stands all the same where Kafka does not take the note, and then somebody is told."""
    asyncio.run(note_soon(settings, what, about, by=by))


async def note_soon(settings: Settings, what: Did, about: Sequence[About], *, by: str = "") -> None:
    """Do that where a loop runs already."""
    from aiokafka.errors import KafkaError

    from stamgast.audit.book import Audit, note
    from stamgast.audit.record import Actor, Who
    from stamgast.bootstrap import topics_of
    from stamgast.log.appender import Appender, NotAppendedError

    if not about:
        return
    topics = topics_of(settings)
    appender = Appender(kafka_of(settings, to_append=True), {topics.audit: topics.partitions}, client_id="stamgast")
    audit = Audit(appender.append, topics.audit, audit_seal_of(settings), settings.make_clock().now)
    who = Who(Actor.COMMAND, name=by or who_of(settings))
    try:
        for each in about:
            await note(audit, who, what, each)
    except (NotAppendedError, KafkaError) as error:
        say(f"note: it is done, and stands not in the audit log ({error}); `stamgast topics create` makes that")
    finally:
        await asyncio.shield(appender.close())


def audit_seal_of(settings: Settings) -> AuditSeal:
    """Return what seals names in it; without STAMGAST_WRAPPING_KEYS none are kept."""
    from stamgast.audit.book import AuditSeal
    from stamgast.bootstrap import wrapping_keys_of

    return AuditSeal(wrapping_keys_of(settings) if settings.wrapping_keys.get_secret_value() else None)

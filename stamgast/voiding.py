"""A voucher that somebody at a terminal ends, or gives another code: on the log, and in the audit book."""

from __future__ import annotations

import getpass
import uuid
from contextlib import aclosing
from typing import Final, NamedTuple

import msgspec

from stamgast import bootstrap
from stamgast.audit.book import Audit, AuditSeal, note
from stamgast.audit.record import About, Actor, Did, Who
from stamgast.broker import kafka_of
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.rewards import Answer
from stamgast.domain.shop_codes import plain
from stamgast.domain.till_events import VoidReason, VoucherVoided
from stamgast.domain.told import name_of_voucher
from stamgast.domain.units import Millis
from stamgast.domain.voucher_codes import read_code
from stamgast.filling import Filling
from stamgast.identity.veiling import Veils
from stamgast.log.appender import Appender
from stamgast.log.topics import Topics
from stamgast.lookup import NotFoundError, newest_bundle
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.keys import customers
from stamgast.state.voucher_owners import VoucherOwner, decode_owner, name_by_mark
from stamgast.to_review import heard

OK: Final = 200
_decode: Final = msgspec.json.Decoder(Answer).decode


class Wish(NamedTuple):
    """What is to become of a voucher, and why."""

    merchant: str
    code: str
    reason: VoidReason
    reissue: bool
    words: str


async def void_voucher(settings: Settings, wish: Wish, at: Millis) -> Answer | None:
    """Do it; None if no worker has heard of it in time (it stands in the log, and will be done).

    Raises:
        NotFoundError: no such merchant has published, or nobody has that code.
        NotFilledError: Redis lost what it held, and does not hold it again yet.
    """
    topics = bootstrap.topics_of(settings)
    await newest_bundle(settings, topics, wish.merchant)
    appender = Appender(kafka_of(settings), bootstrap.partition_counts(topics), client_id="stamgast-vouchers")
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        try:
            await Filling(redis, topics, settings.kafka_bootstrap).check()
            owner, partition = await _owner_of(redis, topics, wish, bootstrap.id_key_of(settings))
            event = VoucherVoided(
                merchant=wish.merchant, customer=owner.customer, at=at, id=uuid.uuid4().hex, code=owner.code,
                reason=wish.reason, reissue=wish.reissue,
            )  # fmt: skip
            record = (key_of(wish.merchant, owner.customer), encode_event(event))
            await appender.append(topics.customer_events, [record])
            value = await heard(redis, customers(partition).answer(wish.merchant, event.id or ""))
            answer = None if value is None else _decode(value)
            if answer is None or answer.status == OK:
                audit = Audit(
                    appender.append, topics.audit, AuditSeal(bootstrap.wrapping_keys_of(settings)), lambda: at
                )
                await _note(audit, wish, owner)
            return answer
        finally:
            await appender.close()


async def _owner_of(redis: RedisClient, topics: Topics, wish: Wish, id_key: bytes) -> tuple[VoucherOwner, int]:
    code = read_code(wish.code)
    if code is not None and code.partition < topics.partitions:
        slot = customers(code.partition)
        for form in dict.fromkeys((code.short, code.long or code.short)):
            value = await redis.get(slot.voucher(wish.merchant, form))
            if value is not None and (owner := decode_owner(value, code.long)).code == (code.long or owner.code):
                return owner, code.partition
    if typed := plain(wish.code):
        mark = Veils(id_key).of(wish.merchant).code_mark(typed)
        for number in range(topics.partitions):
            value = await redis.get(customers(number).voucher(wish.merchant, name_by_mark(mark)))
            if value is not None:
                return decode_owner(value, ""), number
    raise NotFoundError(f"{wish.merchant} has no voucher with this code; compare it with the customer's message")


async def _note(audit: Audit, wish: Wish, owner: VoucherOwner) -> None:
    about = About(
        merchant=wish.merchant,
        customer=owner.customer,
        voucher=name_of_voucher(owner.code),
        words=": ".join(each for each in (wish.reason.value, wish.words) if each),
    )
    did = Did.VOUCHER_REISSUED if wish.reissue else Did.VOUCHER_VOIDED
    await note(audit, Who(Actor.COMMAND, name=getpass.getuser()), did, about)

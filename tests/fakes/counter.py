"""A shop's counter for the till's page: the app and Redis are real, one customer's state stands here, and the owner of
their partition is played: what is appended is applied at once, and answered where an owner answers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from rules.loader import load_merchant
from stamgast.domain import rewards
from stamgast.domain.claims import Answer as Claimed
from stamgast.domain.claims import Asked, ClaimOutcome, decode_claim, encode_answer
from stamgast.domain.customer import Card, Customer, Voucher, encode_customer
from stamgast.domain.events import decode_event
from stamgast.domain.rewards import Answer
from stamgast.domain.till_events import RedemptionTakenBack, StampsHanded, StampsHandedBack, VoucherRedeemed
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_codes import short_of
from stamgast.domain.voucher_terms import Terms, Worth
from stamgast.identity.joining import Resolved
from stamgast.identity.records import Profile
from stamgast.log.topics import Topics
from stamgast.service.handed import HandAnswer
from stamgast.state.client import RedisClient
from stamgast.state.keys import customers, transactions
from stamgast.state.voucher_owners import encode_owner
from stamgast.web.limits import TokenBuckets
from tests.fakes.house import MERCHANT, House

CONFIG = Path(__file__).parents[2] / "config" / "merchants"
ANOUK, NEW = "c" + "n" * 24, "c" + "w" * 24
PHONE, CODE = "+31612345678", "1-K7PM4XQ5TR2WZHBC"
SLOT = customers(1)
DAY = 86_400_000


class Counter:
    """One shop, Anouk with four stamps and a voucher, and whoever is enrolled."""

    def __init__(self, redis_url: str, at: int) -> None:
        self.house = House()
        self.house.now = at
        self.program = load_merchant(CONFIG / MERCHANT).program
        now = self.house.now
        voucher = Voucher(CODE, "free_loaf", VoucherState.OPEN, now - DAY, now + 9 * DAY, "card:bread:1", "free-loaf")
        self.states = {ANOUK: Customer(cards={"bread": Card(balance=4)}, vouchers=[voucher])}
        self.phones = {PHONE: ANOUK}
        self.profiles = {ANOUK: Profile(phone=PHONE, first_name="Anouk", language="nl")}
        self.events: list[Any] = []
        self.enrolled: list[Any] = []
        self.claimed: list[Asked] = []
        self.comes_to = ClaimOutcome.CLAIMED
        """What a receipt that is claimed comes to."""
        self._deps(redis_url)

    def takes_off(self, worth: Worth) -> None:
        """Let Anouk's voucher take money off a receipt."""
        self.states[ANOUK].vouchers[0].terms = Terms(worth=worth)

    def _deps(self, redis_url: str) -> None:
        deps, limits, clock = self.house.deps, self.house.deps.limits, lambda: self.house.now / 1_000
        deps.redis = RedisClient(redis_url)
        deps.topics = Topics(4)
        deps.appender = SimpleNamespace(append=self._append, partition_of=lambda *_: 1)
        deps.slot_of = lambda _key: SLOT
        deps.filling = SimpleNamespace(value=self._value, check=_nothing)
        deps.fitness = SimpleNamespace(trusted=True, refusals=())
        deps.merchants = SimpleNamespace(loaded=True, get=self._program)
        deps.last_heard = None
        deps.identities = SimpleNamespace(
            named_by=self._named_by,
            customers_of=self._customers_of,
            profile=self._profile,
            unknown=self._unknown,
            enrol=self._enrol,
            hash_phone=lambda _merchant, phone: phone,
            cards=SimpleNamespace(token=self._token),
        )
        deps.newcomers = SimpleNamespace(enrol=_nothing)
        deps.enrolling = SimpleNamespace(ask_whose_phone=_nothing, keep_stopped=_nothing, tell=self._tell)
        deps.wrong_codes = TokenBuckets(limits.wrong_codes, limits.wrong_codes_burst, monotonic=clock)
        deps.wrong_codes_of_merchants = TokenBuckets(
            limits.wrong_codes_of_merchant, limits.wrong_codes_of_merchant_burst, monotonic=clock
        )

    async def _program(self, _merchant: str) -> Any:
        return self.program

    async def _named_by(self, _merchant: str, names: Sequence[Any], *_: Any) -> Resolved:
        return Resolved(next((self.phones[each.value] for each in names if each.value in self.phones), ""))

    async def _customers_of(self, _merchant: str, names: Sequence[Any]) -> dict[Any, str]:
        return {each: self.phones[each.value] for each in names if each.value in self.phones}

    async def _profile(self, _merchant: str, customer: str) -> Profile | None:
        return self.profiles.get(customer)

    async def _token(self, _merchant: str, customer: str) -> str:
        return customer

    async def _enrol(self, _merchant: str, _names: Any, profile: Profile, *_: Any, **__: Any) -> Any:
        known = self.phones.get(profile.phone)
        customer = self.phones.setdefault(profile.phone, NEW)
        self.profiles[customer] = profile
        self.states.setdefault(customer, Customer())
        return SimpleNamespace(customer=customer, is_new=known is None)

    async def _tell(self, _who: Any, given: Any, _at: Any, told: Any, _key: Any = None) -> None:
        self.enrolled.append((given, told))

    async def _value(self, _slot: Any, name: str) -> bytes | None:
        found = {SLOT.customer(MERCHANT, who): encode_customer(state) for who, state in self.states.items()}
        found[SLOT.voucher(MERCHANT, short_of(CODE))] = encode_owner(ANOUK, CODE).encode()
        return found.get(name)

    async def _unknown(self, _merchant: str, customers: Sequence[str]) -> list[str]:
        return [each for each in customers if each not in self.states]

    async def _claim(self, value: bytes) -> None:
        asked = decode_claim(value).data
        self.claimed.append(asked)
        told = Claimed(
            self.comes_to,
            self.house.now,
            customer=asked.customer_id,
            transaction=asked.transaction_id,
            request=asked.request,
        )
        await self.house.deps.redis.call("SET", transactions(1).answer(MERCHANT, asked.id), encode_answer(told))

    async def _append(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
        for _key, value in records:
            if topic == self.house.deps.topics.purchases:
                await self._claim(value)
                continue
            event: Any = decode_event(value)
            self.events.append(event)
            answer = msgspec.json.encode(self._applied(event))
            await self.house.deps.redis.call("SET", SLOT.answer(MERCHANT, event.id or ""), answer)

    def _applied(self, event: Any) -> Any:
        state = self.states[event.customer]
        match event:
            case VoucherRedeemed() | RedemptionTakenBack():
                if isinstance(event, RedemptionTakenBack):
                    rewards.take_redemption_back(state, event.code, event.redemption, self.house.now)
                    return Answer(200, "Taken back.", code=event.code)
                basket = rewards.Basket(self.house.now, self.program.currency, event.receipt, event.total)
                return rewards.redeem(state, event.code, event.id or "", basket)[0]
            case StampsHanded() | StampsHandedBack():
                given: Any = next(each for each in self.events if each.id in (event.id, getattr(event, "handing", "")))
                by = given.stamps if isinstance(event, StampsHanded) else -given.stamps
                card = state.cards.setdefault("bread", Card())
                card.balance += by
                return HandAnswer(200, "Done.", "bread", given.stamps, card.balance)
        return None


async def _nothing(*_: Any, **__: Any) -> None:
    await asyncio.sleep(0)

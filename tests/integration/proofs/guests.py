"""Guests: people who are asked something, send a photo, take part in a draw and bring friends, while all is in trouble.

What each of them must have follows from what they did and nothing else: neither from the logs nor from the engine. A
deed is done again until the shop has taken it, as people and tills do; none of them counts twice.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from stamgast.api_keys.admin import Keyring
from stamgast.domain.customer import Customer
from tests.builders import line, refund, snapshot
from tests.conftest import eventually
from tests.integration.proofs import merchant
from tests.integration.proofs.judging import live_customers, read_log
from tests.integration.proofs.merchant import MERCHANT, SENDER
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene
from tests.oracle_customers import Key, Wanted

ASKS: Final = "ask-taste"
RULES: Final = {
    ASKS: "when: {event: tasted}\nonce_per: customer\nthen: [{ask: taste, by: [sms]}]\n",
    "good-taste": "when: {answered: {question: taste, score: {at_least: 9}}}\nthen: [{give: loaf}, {enter_draw: big}]\n",
    "photo": "when: {replied: {media: true}}\nonce_per: customer\nthen: [{enter_draw: big, entries: 3}]\n",
    "cake": "when: {bought: {category: cake}}\nonce_per: purchase\nthen: [{enter_draw: big}]\n",
    "friend": "when: referred\nthen: [{enter_draw: big}]\n",
}
MOST: Final = 8
"""Entries of one guest."""
LEAST: Final = 500
"""Cents that a friend's purchase has to come to."""
TALKERS: Final = 3
"""Stories that go on at once."""


def write_shop(config: Path) -> Path:
    """The merchant of the proofs, with a question, a draw that is open for weeks, and something for friends."""
    folder = merchant.write_first(config)
    today = datetime.now(UTC).date()
    opens, closes = today - timedelta(days=2), today + timedelta(days=30)
    program = folder / "program.yaml"
    text = program.read_text().replace(
        "messaging:\n", "  taste: {purpose: marketing, if_unproven: send_again}\nmessaging:\n"
    )
    program.write_text(
        f"{text}events: {{tasted: {{}}}}\n"
        "questions: {taste: {template: taste, answer: score}}\n"
        f"draws: {{big: {{opens: {opens}, closes: {closes}, drawn: {closes + timedelta(days=1)}, "
        f"prizes: {{loaf: 2}}, per_customer: {MOST}}}}}\n"
        f"referral: {{reward: coffee, friend_reward: loaf, least: {LEAST / 100:.2f} EUR}}\n"
    )
    for name, rule in RULES.items():
        (folder / "rules" / f"{name}.yaml").write_text(f"rule: {name}\nstatus: live\n{rule}")
    (folder / "templates" / "nl" / "taste.j2").write_text("Hoe was het, van 0 tot 10? Stop? Antwoord STOP\n")
    return folder


@dataclass
class Guest:
    """What somebody did, as far as it counts."""

    id: str
    phone: str
    score: int | None = None
    photo: bool = False
    cakes: int = 0
    """Bought and kept."""
    friends: int = 0
    """Who bought enough and kept it."""
    is_friend: bool = False
    """Somebody brought them, and what they bought is enough and was kept."""

    @property
    def entries(self) -> int:
        """In the draw. Whoever gives something back has fewer than the most, so that it does not matter which came first."""
        delighted = self.score is not None and self.score >= 9
        return min(MOST, self.cakes + 3 * self.photo + delighted + self.friends)

    @property
    def vouchers(self) -> Counter[tuple[str, str]]:
        """Reward and rule of those that are open."""
        delighted = self.score is not None and self.score >= 9
        found = {
            ("loaf", "good-taste"): int(delighted),
            ("loaf", ""): int(self.is_friend),
            ("coffee", ""): self.friends,
        }
        return +Counter(found)


@dataclass
class Guests:
    """Stories one after the other, a few at a time, until told to stop."""

    scene: Scene
    web: httpx.AsyncClient
    all: list[Guest] = field(default_factory=list)
    _draw: random.Random = field(default_factory=lambda: random.Random(11))
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _ending: bool = False

    @classmethod
    async def welcome(cls, scene: Scene) -> Guests:
        """Bring their shop into force and let them come; workers have to be there."""
        await scene.publish(write_shop(scene.folder / "config"), merchant.FIRST)
        await scene.barriers(1)
        ring = Keyring(scene.settings.kafka_bootstrap, scene.topics.api_keys)
        key = await ring.create(MERCHANT, ("intake", "read"), now())
        web = httpx.AsyncClient(
            base_url=f"{scene.settings.public_url}/v1/merchants/{MERCHANT}",
            headers={"Authorization": f"Bearer {key.text}"},
            timeout=60,
            trust_env=False,
        )
        guests = scene.guests = cls(scene, web)
        guests._tasks = [asyncio.create_task(guests._come()) for _ in range(TALKERS)]
        return guests

    async def leave(self) -> None:
        """Let those who are there finish, and let nobody else come."""
        self._ending = True
        await asyncio.gather(*self._tasks)
        await self.web.aclose()

    async def _come(self) -> None:
        while not self._ending:
            await self._story()

    async def _story(self) -> None:
        """Somebody is asked, sends a photo or not, brings a friend or not, and buys cake."""
        guest, draw = await self._enrol(), self._draw
        await self._do("POST", "/events", json=_tasted(guest))
        generous = draw.random() < 0.5
        if draw.random() < 0.6:
            await self._write(guest, photo="loaf")
            guest.photo = True
        for _ in range(draw.randrange(5, 8) if generous else draw.randrange(2)):
            await self._buy(guest, 300)
            guest.cakes += 1
        if not generous:
            await self._give_back(guest, await self._buy(guest, 300))
            await self._bring_a_friend(guest)
        await self._answer(guest, draw.randrange(3, 11))

    async def _bring_a_friend(self, guest: Guest) -> None:
        friend = await self._enrol(referral_code=await self._code_of(guest))
        await self._buy(friend, LEAST - 100)
        friend.cakes += 1
        sale = await self._buy(friend, LEAST)
        if self._draw.random() < 0.5:
            await self._until_friend_counts(friend, counts=True)
            await self._give_back(friend, sale, LEAST)
            await self._until_friend_counts(friend, counts=False)  # or what they buy next would be told first
            if self._draw.random() < 0.5:
                return
            await self._buy(friend, LEAST + 100)
        friend.cakes += 1
        friend.is_friend = True
        guest.friends += 1

    async def _enrol(self, **more: Any) -> Guest:
        phone = f"+3168{next(self._numbers):07}"
        consent = {"purpose": "marketing", "channel": "sms", "wording_version": "1", "source": "proof"}
        answer = await self._do("POST", "/customers", json={"phone": phone, "consents": [consent], **more})
        assert "warnings" not in answer, answer
        guest = Guest(answer["customer"], phone)
        self.all.append(guest)
        return guest

    async def _code_of(self, guest: Guest) -> str:
        async def known() -> str:
            shown = await self._do("GET", f"/customers/{guest.id}")
            return (shown.get("referral") or {}).get("code") or ""

        return await eventually(known, seconds=120, every=0.3, why=f"{guest.id} has a code")

    async def _until_friend_counts(self, friend: Guest, *, counts: bool) -> None:
        async def shown() -> bool:
            known = (await self._do("GET", f"/customers/{friend.id}")).get("referral") or {}
            return bool(known.get("counts")) is counts

        await eventually(shown, seconds=120, every=0.3, why=f"{friend.id} counts: {counts}")

    async def _buy(self, guest: Guest, cents: int) -> str:
        name = f"guest:{next(self._numbers)}"
        cake = line("1", cents, category="cake")
        await self._do(
            "POST", "/purchases", json=snapshot(name, 1, lines=[cake], customer=guest.id, store="shop", when=now())
        )
        return name

    async def _give_back(self, guest: Guest, sale: str, cents: int = 300) -> None:
        """All of a purchase."""
        await self._do("POST", "/purchases", json=refund(sale, "r1", cents, lines=[("1", "1", cents)], when=now()))

    async def _answer(self, guest: Guest, score: int) -> None:
        """Write a score once the question has come; when everybody leaves, nobody waits for it much longer."""

        async def asked() -> bool:
            told = await self.scene.http.get("/sandbox/messages", params={"to": guest.phone})
            return any("van 0 tot 10" in each["body"] for each in told.json())

        try:
            await eventually(asked, seconds=120, every=0.3, why=f"{guest.id} is asked")
        except AssertionError as error:
            error.add_note(await self._known_of(guest))
            raise
        await self._write(guest, body=f"een {score}!")
        guest.score = score

    async def _known_of(self, guest: Guest) -> str:
        """What the topics and the state say of somebody, for whoever has to find out why they were not asked."""
        bootstrap, topics, count = self.scene.settings.kafka_bootstrap, self.scene.topics, self.scene.topics.partitions
        told = [f"left: {await self.scene.left()}"]
        for topic in (topics.customer_events, topics.activations, topics.facts, topics.dead_letters):
            log = await read_log(bootstrap, topic, 1 if topic == topics.dead_letters else count)
            told += [
                f"{topic}[{partition}]@{each.offset}: {each.value.decode(errors='replace')}"
                for partition, records in log.items()
                for each in records
                if each.value and guest.id.encode() in each.value
            ]
        live = await live_customers(self.scene.settings.redis_url, count)
        return "\n".join([*told, f"state: {live.get((MERCHANT, guest.id))}"])

    async def _write(self, guest: Guest, **what: Any) -> None:
        said = {"from": guest.phone, "to": SENDER, "channel": "sms", **what}

        async def taken() -> bool:
            answer = await self.scene.http.post("/sandbox/inbound", json=said)
            return (answer.json().get("webhook_status") or 500) < 300

        await eventually(taken, seconds=120, every=0.3, why="the shop has what was written")

    async def _do(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answers: list[httpx.Response] = []

        async def done() -> bool:
            try:
                answers.append(await self.web.request(method, path, **more))
            except httpx.HTTPError:
                return False
            assert answers[-1].status_code < 400 or answers[-1].status_code >= 500, answers[-1].text
            return answers[-1].status_code < 300

        await eventually(done, seconds=120, every=0.3, why=f"{method} {path} is taken")
        return dict(answers[-1].json())

    # -- the verdict

    @property
    def keys(self) -> set[Key]:
        """Of their states."""
        return {(MERCHANT, guest.id) for guest in self.all}

    @property
    def wanted(self) -> dict[tuple[Key, str, str], Wanted]:
        """The messages that asked them."""
        asked = [guest for guest in self.all if guest.score is not None]
        names = [((MERCHANT, guest.id), ASKS, "customer") for guest in asked]
        return {name: Wanted(ASKS, name[0], name[2], "send") for name in names}

    def wrong(self, live: Mapping[Key, Customer], photos: Mapping[str, list[str]]) -> list[str]:
        """Where states and the store of pictures depart from what they did. `photos`: customer -> what became of each."""
        found = []
        for guest in self.all:
            state = live.get((MERCHANT, guest.id), Customer())
            talk, draw, known = state.conversation, state.draws.get("big"), state.referral
            has = {
                "score": None if talk is None or "taste" not in talk.scores else talk.scores["taste"][0],
                "open question": talk is not None and talk.question is not None,
                "entries": 0 if draw is None else draw.count,
                "friends": 0 if known is None else known.friends,
                "vouchers": Counter((each.reward, each.rule) for each in state.vouchers if each.state == "open"),
                "photos": set(photos.get(guest.id, [])),
            }
            should = {
                "score": guest.score,
                "open question": False,
                "entries": guest.entries,
                "friends": guest.friends,
                "vouchers": guest.vouchers,
                "photos": {"kept"} if guest.photo else set(),
            }
            found += [
                f"guest {guest.id}: {what} is {has[what]}, should be {should[what]}"
                for what in has
                if has[what] != should[what]
            ]
        return found


def _tasted(guest: Guest) -> dict[str, Any]:
    return {"id": f"tasted:{guest.id}", "event": "tasted", "customer": {"customer_id": guest.id}}

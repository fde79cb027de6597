"""Whom a campaign is for: fixed and counted before it starts, with how many of them its rule would answer now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rules.engine import RUNNING, Audience, CompiledRule, View
from rules.yaml.problems import suggest
from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.campaigns.buyers import check_reach, find_buyers
from stamgast.campaigns.identifiers import Named, read_identifiers
from stamgast.domain.calendar import business_day
from stamgast.domain.counters import BETWEEN, Counter
from stamgast.domain.customer import decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.filling import Filling
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import BadPhoneError, normalise_phone
from stamgast.identity.references import perhaps_named_by
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.lookup import CUSTOMER_ID, open_people
from stamgast.programs.folders import MERCHANTS
from stamgast.service import Bundle
from stamgast.service.schedules import fact_of, is_in, may_hold
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.roll import some_of

FOLDER: Final = "audiences"
"""Of a merchant's files: what lies there is never published."""
A_FILE: Final = "a file"
"""How an audience is called whose file was named at the start."""
_AT_ONCE: Final = 1_000
_SHOWN: Final = 5

Progress = Callable[[int], None]
"""Told how many customers were looked at by now."""


class RefusedCampaignError(ValueError):
    """It cannot be started; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A rule, and whom it is started for; `path` is the list's file."""

    bundle: Bundle
    rule: CompiledRule
    audience: Audience | None = None
    path: Path | None = None

    @property
    def name(self) -> str:
        """How the audience is called; empty: everybody."""
        return "" if self.audience is None else self.audience.name


@dataclass(slots=True)
class Counted:
    """Whom it is for. `members` of each partition are a list; None: everybody."""

    sizes: list[int]
    members: list[list[str]] | None
    matched: int = 0
    nobody: int = 0
    """Lines of the file that name nobody."""
    such_as: list[int] = field(default_factory=list)
    """The first of these lines."""
    twice: int = 0
    """Lines that name somebody whom another one named."""

    @property
    def size(self) -> int:
        """How many, in all partitions."""
        return sum(self.sizes)


def aim(settings: Settings, merchant: str, bundle: Bundle, rule_id: str, audience: str) -> Aim:
    """What is to be started. `audience` is one of program.yaml's, or the path of a file; empty: the rule's own.

    Raises RefusedCampaignError.
    """
    rule = bundle.rules.by_id.get(rule_id)
    if rule is None:
        raise RefusedCampaignError(f"{merchant} has no rule {rule_id!r}. {suggest(rule_id, bundle.rules.by_id)}")
    if rule.trigger.schedule is None:
        how = "write `when: campaign` (`every` and `on` can be started as well)"
        raise RefusedCampaignError(f"the rule {rule_id} begins with {rule.trigger.name}, not with a start: {how}")
    if rule.status not in RUNNING:
        how = f"`stamgast rules launch {rule_id} live` brings it into force"
        raise RefusedCampaignError(f"the rule {rule_id} is {rule.status}, and would do nothing: {how}")
    _check_dates(rule, bundle.program, settings)
    if not audience:
        own = rule.trigger.audience
        return Aim(bundle, rule, own, _file_of(settings, merchant, own))
    known = bundle.rules.audiences.get(audience)
    if known is not None:
        return Aim(bundle, rule, known, _file_of(settings, merchant, known))
    path = Path(audience)
    if not path.is_file():
        names = bundle.rules.audiences
        what = f"there is no audience and no file {audience!r}"
        raise RefusedCampaignError(f"{what}. {suggest(audience, names) if names else 'program.yaml has no audiences.'}")
    return Aim(bundle, rule, Audience(A_FILE, file=path.name), path)


def aim_by_calendar(settings: Settings, merchant: str, bundle: Bundle, rule_id: str) -> Aim:
    """Whose audience is to be fixed before its occasions come, whatever the rule's status and dates are.

    Raises RefusedCampaignError.
    """
    rule = bundle.rules.by_id.get(rule_id)
    if rule is None:
        raise RefusedCampaignError(f"{merchant} has no rule {rule_id!r}. {suggest(rule_id, bundle.rules.by_id)}")
    schedule, audience = rule.trigger.schedule, rule.trigger.audience
    if schedule is None or schedule.by_hand:
        how = f"`stamgast campaign start {rule_id}` fixes whom it is for" if schedule else "only `every` and `on` do"
        raise RefusedCampaignError(f"the rule {rule_id} does not come by the calendar: {how}")
    if audience is None:
        raise RefusedCampaignError(f"the rule {rule_id} is for everybody: name one with `audience` beside its date")
    if not audience.file and schedule.once is None:
        how = f"`stamgast campaign start {rule_id} --dry-run` counts who is in it now"
        raise RefusedCampaignError(f"the audience {audience.name} is asked about anew at each occasion: {how}")
    return Aim(bundle, rule, audience, _file_of(settings, merchant, audience))


def _file_of(settings: Settings, merchant: str, audience: Audience | None) -> Path | None:
    if audience is None or not audience.file:
        return None
    path = settings.config_dir / MERCHANTS / merchant / FOLDER / audience.file
    if not path.is_file():
        raise RefusedCampaignError(f"the audience {audience.name} is a list in {path}, and there is no such file")
    return path


def _check_dates(rule: CompiledRule, program: Program, settings: Settings) -> None:
    today = business_day(settings.make_clock().now(), program.time_zone)
    if rule.ends is not None and rule.ends < today:
        raise RefusedCampaignError(f"the rule {rule.id} is over: its `ends` has passed")
    if rule.starts is not None and rule.starts > today:
        raise RefusedCampaignError(f"the rule {rule.id} has not begun: its `starts` is still to come")


async def count(settings: Settings, aimed: Aim, now: Millis, progress: Progress) -> Counted:
    """Fix whom it is for, and count them.

    Raises RefusedCampaignError, BadFileError, TooFarBackError, NotFilledError and what Kafka and Redis do.
    """
    topics, program = bootstrap.topics_of(settings), aimed.bundle.program
    audience = aimed.audience
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        await Filling(redis, topics, settings.kafka_bootstrap).check()
        look = _Look(redis, topics, aimed, now, progress)
        if audience is None:
            return await look.at_everybody(as_list=False)
        if audience.condition is not None:
            return await look.at_everybody(as_list=True)
        if audience.bought is not None:
            check_reach(audience.bought, business_day(now, program.time_zone))
            found = await find_buyers(kafka_of(settings), topics, program, audience.bought)
            return await look.at_these(found)
        counted = Counted([], [])
        found = await _named_in(settings, aimed, counted)
        listed = await look.at_these(found)
        counted.sizes, counted.members, counted.matched = listed.sizes, listed.members, listed.matched
        gone = len(found) - listed.size
        counted.nobody += gone  # a customer's id of whom nothing was ever heard
        return counted


class _Look:
    """Looks at customers' states as they are now."""

    def __init__(self, redis: RedisClient, topics: Topics, aimed: Aim, now: Millis, progress: Progress) -> None:
        self._redis = redis
        self._topics = topics
        self._aimed = aimed
        self._merchant = aimed.bundle.program.merchant
        self._counter = f"{self._merchant}{BETWEEN}{Counter.CUSTOMERS}"
        self._now = now
        self._fact = fact_of(aimed.rule.id, now)
        self._progress = progress
        self._looked = 0

    async def at_everybody(self, *, as_list: bool) -> Counted:
        """All customers, or those among them who are in the audience."""
        counted = Counted([], [] if as_list else None)
        for partition in range(self._topics.partitions):
            keys, members, found = customers(partition), list[str](), 0
            known = int(await self._redis.call("HGET", keys.stats, self._counter) or 0)
            async for names in self._names(keys):
                found += len(names)
                members += await self._see(keys, names, counted, is_asked=as_list)
            if found < known:
                what = f"{known - found:,} customers of partition {partition} are not on its roll yet"
                raise RefusedCampaignError(f"{what}: start the workers of this version first")
            counted.sizes.append(len(members))
            if counted.members is not None:
                counted.members.append(members)
        return counted

    async def at_these(self, found: set[str]) -> Counted:
        """Those of a list of whom anything was ever heard."""
        partitions = self._topics.partitions
        listed: list[list[str]] = [[] for _ in range(partitions)]
        for customer in sorted(found):
            listed[partition_for(key_of(self._merchant, customer), partitions)].append(customer)
        counted = Counted([], [])
        members: list[list[str]] = []
        for partition, names in enumerate(listed):
            keys, here = customers(partition), list[str]()
            for some in in_pieces(names, _AT_ONCE):
                here += await self._see(keys, some, counted, is_asked=False)
            members.append(here)
        counted.members, counted.sizes = members, [len(each) for each in members]
        return counted

    async def _names(self, keys: PartitionKeys) -> AsyncIterator[list[str]]:
        start = 0
        while names := await some_of(self._redis.call, keys, self._merchant, start, _AT_ONCE):
            start += len(names)
            yield names

    async def _see(
        self, keys: PartitionKeys, names: Sequence[str], counted: Counted, *, is_asked: bool
    ) -> list[str]:  # fmt: skip
        """Who of these it is for; those among them whom the rule would answer are counted."""
        if not names:
            return []
        values = await self._redis.call("MGET", *(keys.customer(self._merchant, name) for name in names))
        audience, members = self._aimed.audience, []
        for name, value in zip(names, values, strict=True):
            if value is None:
                continue
            try:
                state = decode_customer(value)
            except UNREADABLE:  # `stamgast verify` tells of it
                continue
            view = View(state, self._aimed.bundle.program, self._now, self._fact, name)
            if is_asked and (audience is None or state.erased_at or not is_in(view, audience)):
                continue
            members.append(name)
            counted.matched += may_hold(view, self._aimed.rule)
        self._looked += len(names)
        self._progress(self._looked)
        return members


async def _named_in(settings: Settings, aimed: Aim, counted: Counted) -> set[str]:
    """The customers whom the file names; its lines that name nobody are counted."""
    return set() if aimed.path is None else await people_on(settings, aimed.bundle.program, aimed.path, counted)


async def people_on(settings: Settings, program: Program, path: Path, counted: Counted) -> set[str]:
    """The customers whom a file names; its lines that name nobody, or somebody again, are counted.

    Raises:
        BadFileError: it is no list.
        OSError: it cannot be read.
    """
    found: set[str] = set()
    async with open_people(settings) as people:
        for lines in in_pieces_of(read_identifiers(path), _AT_ONCE):
            for line, customer in await _whom(people.identities, program, lines):
                if not customer:
                    counted.nobody += 1
                    if len(counted.such_as) < _SHOWN:
                        counted.such_as.append(line)
                elif customer in found:
                    counted.twice += 1
                else:
                    found.add(customer)
    return found


async def _whom(identities: IdentityStore, program: Program, lines: Sequence[Named]) -> list[tuple[int, str]]:
    meant = [(each, _meant(each, program)) for each in lines]
    wanted = list(dict.fromkeys(one for _, identifiers in meant for one in identifiers))
    known = await identities.customers_of(program.merchant, wanted) if wanted else {}
    found = []
    for each, identifiers in meant:
        if not identifiers and each.text and CUSTOMER_ID.fullmatch(each.text):
            found.append((each.line, each.text))
        else:
            found.append((each.line, next((known[one] for one in identifiers if one in known), "")))
    return found


def _meant(named: Named, program: Program) -> list[Identifier]:
    """What a line may be; nothing for a customer's own id, or for what is none."""
    if not named.text or CUSTOMER_ID.fullmatch(named.text):
        return []
    if named.kind == "phone":
        try:
            return [Identifier("phone", normalise_phone(named.text, program.home))]
        except BadPhoneError:
            return []
    if named.kind == "membership":
        return [Identifier("membership", named.text)]
    if named.kind == "provider":
        return [Identifier("provider", named.text)]
    return [] if named.kind else perhaps_named_by(named.text, program.home)


def in_pieces(names: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Some at a time."""
    return (names[start : start + most] for start in range(0, len(names), most))


def in_pieces_of(lines: Iterator[Named], most: int) -> Iterator[list[Named]]:
    """The same of what is still to be read."""
    piece: list[Named] = []
    for line in lines:
        piece.append(line)
        if len(piece) == most:
            yield piece
            piece = []
    if piece:
        yield piece

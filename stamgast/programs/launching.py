"""Launching a rule, and bringing an older version back: changes of what is in force that need no files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rules.engine import CompiledRule
from rules.loader import LoadedMerchant
from rules.yaml.problems import suggest
from rules.yaml.words import parse_status
from stamgast.domain.rule_answers import NOT_THERE
from stamgast.domain.vocabulary import RuleStatus
from stamgast.programs.launches import Launch, Launches, speaks, with_launch
from stamgast.programs.publish import Signed
from stamgast.programs.record import BundleRecord, changed, hash_of_files, load_as_filed
from stamgast.programs.rule_tests import run_tests
from stamgast.programs.topic import all_bundles
from stamgast.programs.versions import text_of_rule
from stamgast.programs.writer import InForce, ProgramWriter

_SHORTEST_HASH = 6


class Refusal(StrEnum):
    """Why a rule is not launched."""

    UNKNOWN = "unknown"
    """There is no such rule, version or merchant."""
    NO_TEST = "no_test"
    FAILING = "failing"
    """A test of it fails."""


class RefusedLaunchError(ValueError):
    """It was not launched, or not rolled back; the text says why, and what to do. `names` are of tests that fail."""

    def __init__(self, text: str, refusal: Refusal = Refusal.UNKNOWN, names: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.refusal = refusal
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be launched. `status` is as it is written, `expected` how many messages a day; 0: nobody says."""

    rule: str
    status: str
    merchant: str = ""
    expected: int = 0
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Launched:
    """What a launch came to. `was` and `status` are as they are written."""

    version: InForce
    rule: str
    was: str
    status: str
    is_new: bool
    withdraws: bool
    """Messages that wait in the rule's `undo_window` do not go."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback came to. `statuses` has each rule whose status is another now: (before, after)."""

    version: InForce
    of: int
    is_new: bool
    statuses: Mapping[str, tuple[str, str]]


async def launch(bootstrap: str, topic: str, wanted: Wanted, signed: Signed) -> Launched:
    """Let a rule of the files in force have another status.

    Raises:
        RefusedLaunchError: there is no such rule, or it is not fit to be live.
        EmitError: it was perhaps not appended.
    """
    async with ProgramWriter(bootstrap, topic, client_id="stamgast-launch") as writer:
        rule_id, status = wanted.rule, wanted.status
        merchant, loaded = await asyncio.to_thread(_find, writer.newest, rule_id, wanted.merchant)
        rule = loaded.rules.by_id[rule_id]
        goes_live = parse_status(status).name == RuleStatus.LIVE
        if goes_live and not wanted.anyway and status_in_force(rule, writer.newest[merchant].record.launched) != status:
            _must_be_fit(loaded, rule)
        was = ""

        def change(record: BundleRecord | None) -> BundleRecord | None:
            nonlocal was
            if record is None:
                return None
            was = status_in_force(rule, record.launched)
            launched = with_launch(record.launched, rule, status, signed.now, wanted.expected)
            if was == status and launched == record.launched:
                return None
            return _signed(changed(record, launched=launched), signed)

        known = writer.newest[merchant]
        found = await writer.change(merchant, change)
        stops = bool(rule.undo_window) and bool(was) and speaks(was) and not speaks(status)
        return Launched(found, rule_id, was, status, is_new=found.number != known.number, withdraws=stops)


async def roll_back(
    bootstrap: str, topic: str, wanted: str, signed: Signed, *, merchant: str = ""
) -> tuple[str, RolledBack]:
    """Bring the files, and the launches, of an older version back into force; without a word, of the one before.

    After a rollback that is the one before the version that is back: who rolls back twice means to go further.
    What was fitted since, and what is known of the feed, stays. Returns the merchant with what came of it.

    Raises:
        RefusedLaunchError: there is no such version.
        EmitError: it was perhaps not appended.
    """
    versions = [InForce(number, record) async for number, _, record in all_bundles(bootstrap, topic)]
    merchant = merchant_of([each.record.merchant for each in versions], merchant)
    old = chosen_version(merchant, versions, wanted)
    async with ProgramWriter(bootstrap, topic, client_id="stamgast-launch") as writer:
        known = writer.newest[merchant]

        def change(record: BundleRecord | None) -> BundleRecord | None:
            if record is None:
                return None
            aside = [hash_of_files(record.files), *record.set_aside]
            back = hash_of_files(old.record.files)
            new = changed(
                record,
                files=old.record.files,
                launched=_speaking_anew(old.record.launched, record.launched, signed),
                set_aside=sorted({each for each in aside if each != back}),
                back_to=old.number,
                edited=old.record.edited,
            )
            return None if new.hash == record.hash else _signed(new, signed)

        found = await writer.change(merchant, change)
    before = await asyncio.to_thread(_statuses, known.record)
    after = await asyncio.to_thread(_statuses, found.record)
    differing = {
        rule: (before.get(rule, NOT_THERE), after.get(rule, NOT_THERE))
        for rule in sorted(before.keys() | after.keys())
        if before.get(rule) != after.get(rule)
    }
    return merchant, RolledBack(found, old.number, found.number != known.number, differing)


def status_in_force(rule: CompiledRule, launches: Launches) -> str:
    """Return a rule's status as it is written; the rule is as its file says."""
    return launches[rule.id].status if rule.id in launches else rule.status_text


def merchant_of(published: Iterable[str], wanted: str) -> str:
    """Return the merchant who is meant: the only one, unless it is said. Raises RefusedLaunchError."""
    known = sorted(set(published))
    if not known:
        raise RefusedLaunchError("nobody has published anything yet; `stamgast publish` comes first")
    if wanted and wanted not in known:
        raise RefusedLaunchError(f"there is no merchant {wanted!r} in force. {suggest(wanted, known)}")
    if not wanted and len(known) > 1:
        raise RefusedLaunchError(f"say of which merchant with --merchant: {', '.join(known)}")
    return wanted or known[0]


def _signed(record: BundleRecord, signed: Signed) -> BundleRecord:
    return changed(
        record, published_at=signed.now, who=signed.who, why=signed.why, back_to=record.back_to
    )  # fmt: skip


def _speaking_anew(old: Launches, now: Launches, signed: Signed) -> dict[str, Launch]:
    """Launches of an older version; whoever did not speak lately begins to."""
    return {
        rule: launch
        if not launch.at or (rule in now and speaks(now[rule].status))
        else Launch(launch.status, launch.in_file, signed.now)
        for rule, launch in old.items()
    }


def _find(newest: Mapping[str, InForce], rule_id: str, merchant: str) -> tuple[str, LoadedMerchant]:
    """The merchant who has the rule in force, and their files; only one may have it unless it is said who."""
    names = [merchant_of(newest, merchant)] if merchant else sorted(newest)
    if not names:
        merchant_of(newest, merchant)
    loaded = {name: load_as_filed(newest[name].record) for name in _likely(newest, names, rule_id)}
    having = [name for name in loaded if rule_id in loaded[name].rules.by_id]
    if len(having) == 1:
        return having[0], loaded[having[0]]
    if having:
        raise RefusedLaunchError(f"say of which merchant with --merchant: {', '.join(having)} have a rule {rule_id!r}")
    known = sorted({rule for each in loaded.values() for rule in each.rules.by_id})
    raise RefusedLaunchError(
        f"there is no rule {rule_id!r} in force. {suggest(rule_id, known)} "
        "A rule that is new in the files comes into force with `stamgast publish`."
    )


def _likely(newest: Mapping[str, InForce], names: list[str], rule_id: str) -> list[str]:
    """Those whose files name the rule: reading the files of everybody takes long. All of them if none seems to."""
    return [name for name in names if text_of_rule(newest[name].record, rule_id)] or names


def _must_be_fit(loaded: LoadedMerchant, rule: CompiledRule) -> None:
    """Raises RefusedLaunchError for a rule without tests, or with one that fails."""
    tests = tuple(each for each in loaded.tests if each.rule == rule.id)
    if not tests:
        raise RefusedLaunchError(
            f"{rule.id} has no test, so nobody knows whether it does what is meant: write one under `tests:` and "
            "publish it, or insist with --anyway",
            Refusal.NO_TEST,
        )
    failing = [each.case.name for each in run_tests(replace(loaded, tests=tests)) if not each.passed]
    if failing:
        names = ", ".join(repr(name) for name in failing)
        raise RefusedLaunchError(
            f"{rule.id} does not do what its tests expect ({names}); `stamgast rules test` says why. "
            "Mend and publish it, or insist with --anyway",
            Refusal.FAILING,
            failing,
        )


def chosen_version(merchant: str, versions: Iterable[InForce], wanted: str) -> InForce:
    """Return the version by number, or by the beginning of its hash (the newest of those); of no word, the one before.

    Raises:
        RefusedLaunchError: there is none.
    """
    own = [each for each in versions if each.record.merchant == merchant]
    if not wanted:
        return _before(merchant, own)
    if wanted.isdecimal() and (found := [each for each in own if each.number == int(wanted)]):
        return found[0]
    by_hash = [each for each in own if len(wanted) >= _SHORTEST_HASH and each.record.hash.startswith(wanted.lower())]
    if len({each.record.hash for each in by_hash}) == 1:
        return by_hash[-1]
    if by_hash:
        raise RefusedLaunchError(
            f"several versions of {merchant} have a hash that begins with {wanted}: give more of it"
        )
    if any(each.record.hash.startswith(wanted.lower()) for each in own):
        raise RefusedLaunchError(
            f"{wanted} is too little of a hash: give {_SHORTEST_HASH} characters of it, or a number"
        )
    numbers = ", ".join(str(each.number) for each in own[-10:])
    raise RefusedLaunchError(
        f"{merchant} has no version {wanted!r}. Its newest ones are {numbers}; `stamgast rules history` lists all"
    )


def _before(merchant: str, own: Sequence[InForce]) -> InForce:
    """The newest version before the one in force, or before the one that is back, with other files or statuses."""
    places: dict[int | None, int] = {each.number: place for place, each in enumerate(own)}
    place = len(own) - 1
    while own[place].record.back_to in places:
        place = places[own[place].record.back_to]
    for each in reversed(own[:place]):
        if _decided(each.record) != _decided(own[place].record):
            return each
    raise RefusedLaunchError(
        f"there is no version of {merchant} before {own[place].number}, whose files are in force; "
        "`stamgast rules history` lists all, and `rollback NUMBER` brings back any"
    )


def _decided(record: BundleRecord) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What people decided of it: its files, and what was launched."""
    return record.files, {rule: launch.status for rule, launch in record.launched.items()}


def _statuses(record: BundleRecord) -> dict[str, str]:
    rules = load_as_filed(record).rules
    return {rule.id: status_in_force(rule, record.launched) for rule in rules.all}

"""What a backtest is asked: whose past, by which bundles, over which days. Plain data that goes to other processes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

from rules.engine import Audience, CompiledRule
from rules.rule_set import RuleSet
from stamgast.backtest.lists import GivenList
from stamgast.backtest.money import Answers
from stamgast.domain.calendar import at_local
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import RuleStatus
from stamgast.identity.veiling import Veils
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, load_record
from stamgast.service import Bundle
from stamgast.settings import Settings

SIMULATED: Final = b"simulation"
"""Key of voucher codes where the past holds no vouchers of the shop's own."""


@dataclass(frozen=True, slots=True)
class CsvData:
    """A file of purchases, and perhaps one of the identifiers of those who are on a list."""

    path: str
    listed: GivenList | None = None


@dataclass(frozen=True, slots=True)
class LogData:
    """The shop's own retained log, as the settings find it. An address of Kafka cannot go to other processes."""

    settings: Settings
    topics: Topics
    id_key: bytes = b""
    listed: GivenList | None = None
    """The customers whom a file names, by their ids; it is every list."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of several equal parts of the customers."""

    part: int = 0
    of: int = 1

    def holds(self, customer: str) -> bool:
        """Whether somebody belongs to it."""
        return self.of == 1 or crc32(customer.encode()) % self.of == self.part


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules are heard from the first day on, as if launched that morning; what lies before makes states, no messages.

    `named` are rules that run as if live, whatever their status. `against` is another bundle for the same past.
    """

    record: BundleRecord
    data: CsvData | LogData
    first: Day
    last: Day
    named: tuple[str, ...] = ()
    against: BundleRecord | None = None
    voucher_key: bytes = SIMULATED
    starts: tuple[Millis, ...] = ()
    """When rules with `when: campaign` are started."""
    audience: str = ""
    """Whom these are started for, of program.yaml's; empty: their own, or those on the list of a file."""
    answers: tuple[Answers | None, Answers | None] = (None, None)
    """What those who ask budgets are answered, of either bundle; None: they get everything."""

    def bundle(self) -> Bundle:
        """The bundle that is asked about, compiled."""
        bundle = self._compiled(self.record)
        return replace(bundle, rules=self._started_for(as_if_live(bundle.rules, self.named)))

    def baseline(self) -> Bundle | None:
        """What it is compared with, compiled; None where nothing is."""
        if self.against is None:
            return None
        bundle = self._compiled(self.against)
        return replace(bundle, rules=self._started_for(bundle.rules))

    def _started_for(self, rules: RuleSet) -> RuleSet:
        audience = rules.audiences.get(self.audience)
        if not self.audience and self.data.listed is not None:
            audience = Audience(self.data.listed.file, file=self.data.listed.file)
        if audience is None:
            return rules
        return rules.of(
            replace(rule, trigger=replace(rule.trigger, audience=audience)) if is_by_hand(rule) else rule
            for rule in rules.all
        )

    def _compiled(self, record: BundleRecord) -> Bundle:
        bundle = compiled(record)
        if isinstance(self.data, CsvData) or not self.data.id_key:
            return bundle
        veil = Veils(self.data.id_key).of(record.merchant)  # the log tells sources and birthdays behind it
        return replace(bundle, program=bundle.program.behind(veil))

    def span(self, program: Program) -> tuple[Millis, Millis]:
        """The moments at which the first day begins and the last one ends, on the merchant's clock."""
        return at_local(self.first, 0, program.time_zone), at_local(self.last + 1, 0, program.time_zone)


def is_by_hand(rule: CompiledRule) -> bool:
    """Whether a person starts it."""
    return rule.trigger.schedule is not None and rule.trigger.schedule.by_hand


def compiled(record: BundleRecord) -> Bundle:
    """A bundle that decides, of a record whose files are in order."""
    loaded = load_record(record)
    return Bundle(0, record.hash, loaded.program, loaded.rules)


def as_if_live(rules: RuleSet, named: tuple[str, ...]) -> RuleSet:
    """The same rules, with the named ones live for everybody."""
    return rules.of(replace(rule, status=RuleStatus.LIVE, canary=0) if rule.id in named else rule for rule in rules.all)

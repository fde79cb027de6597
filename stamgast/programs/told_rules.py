"""Rules as people read them: each in one sentence of the shop's language."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import NamedTuple

from rules.advice.rule_text import RuleText, rule_texts
from rules.loader import LoadedMerchant
from rules.read_back import read_back
from stamgast.domain.budgets import Budget
from stamgast.programs.record import decode_bundle, load_record


@dataclass(frozen=True, slots=True)
class ToldRule:
    """A rule as `rules check` reads it back."""

    merchant: str
    rule: str
    status: str
    sentence: str

    def as_json(self) -> dict[str, str]:
        """Its keys in `rules check --json`."""
        return asdict(self)


def told(text: RuleText, loaded: LoadedMerchant) -> ToldRule:
    """One of a merchant's rules."""
    sentence = read_back(text.root, text.rule, loaded.program)
    return ToldRule(loaded.program.merchant, text.rule.id, text.rule.status, sentence)


class ToldRules(NamedTuple):
    """A merchant's rules in force, and what holds several of them together."""

    rules: tuple[ToldRule, ...]
    budgets: Mapping[str, Budget]
    campaigns: Mapping[str, tuple[str, ...]]
    full_cards: Mapping[str, tuple[str, ...]]
    """Card -> the rewards that rules give for a full one."""


@lru_cache(maxsize=64)
def rules_told(packed: bytes) -> ToldRules:
    """All rules of a bundle, as it stands on `programs.v1`, with the statuses that they were launched with."""
    loaded = load_record(decode_bundle(packed))
    rules = loaded.rules
    return ToldRules(tuple(_rules_of(loaded)), rules.budgets, rules.campaigns, rules.full_cards)


def _rules_of(loaded: LoadedMerchant) -> Iterator[ToldRule]:
    for text in rule_texts(loaded, ""):
        yield told(text, loaded)

"""Rules as people read them: each in one sentence of the shop's language."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache

from rules.advice.rule_text import RuleText, rule_texts
from rules.loader import LoadedMerchant
from rules.read_back import read_back
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


@lru_cache(maxsize=64)
def rules_told(packed: bytes) -> tuple[ToldRule, ...]:
    """All rules of a bundle, as it stands on `programs.v1`, with the statuses that they were launched with."""
    return tuple(_rules_of(load_record(decode_bundle(packed))))


def _rules_of(loaded: LoadedMerchant) -> Iterator[ToldRule]:
    for text in rule_texts(loaded, ""):
        yield told(text, loaded)

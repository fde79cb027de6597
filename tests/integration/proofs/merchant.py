"""The merchant of the proofs: cards that count differently, rules simple enough for the oracle, no caps to speak of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.oracle import SimpleRule

MERCHANT = "proefbakker"
SENDER = "+31970109999"

_PROGRAM = """\
merchant: {merchant}
name: Proefbakker
currency: EUR
region: NL
time_zone: {zone}
languages: [nl]
stores:
  shop: {{}}
  bar: {{}}
cards:
  bread: {{stamps: {bread}, per: purchase, categories: [bread]}}
  coffee: {{stamps: 5, per: item, categories: [drinks], max_per_day: 2, reward: coffee}}
  spend: {{stamps: 8, per: 5 EUR}}
rewards:
  loaf: {{names: {{nl: brood}}, valid_for: 30 days}}
  coffee: {{names: {{nl: koffie}}, valid_for: 30 days}}
templates:
  thanks: {{purpose: marketing, if_unproven: {if_unproven}}}
  full: {{purpose: marketing, if_unproven: {if_unproven}}}
  regular: {{purpose: marketing, if_unproven: {if_unproven}}}
  missed: {{purpose: marketing, if_unproven: {if_unproven}}}
messaging:
  sms_sender: "{sender}"
  send_between: {{marketing: "08:00-21:00", utility: "08:00-21:00"}}
  caps: {{marketing: [1000 per day], utility: [1000 per day]}}
costs:
  margin: 55%
  margins: {{bread: 62%, drinks: 48%}}
  acquisition: 2.50 EUR
  lifespan_years: 3
"""

_RULES = {
    "thanks": "when: purchase\nonce_per: purchase\nthen: [{send: thanks, by: [sms]}]\npriority: 10\n",
    "full-card": (
        "when: {stamp_card_completed: bread}\nonce_per: card\n"
        "then: [{give: loaf, valid_for: 30 days}, {send: full, by: [sms]}]\npriority: 60\n"
    ),
    "regular": "when: {visits_reached: 4}\nthen: [{send: regular, by: [sms]}]\npriority: 40\n",
    "missed": "when: lapsing\nonce_per: quiet_spell\nthen: [{send: missed, by: [sms]}]\npriority: 20\n",
}

_THANKS = SimpleRule("thanks", "purchase", sends="thanks")
_FULL = SimpleRule("full-card", "stamp_card_completed", "bread", sends="full", gives="loaf")
_REGULAR = SimpleRule("regular", "visits_reached", 4, sends="regular")
_MISSED = SimpleRule("missed", "lapsing", sends="missed")

FIRST = (_THANKS, _FULL, _REGULAR, _MISSED)
SECOND = (_FULL, _REGULAR, _MISSED)
"""The rules after `write_second`: nobody is thanked for a purchase any more, and the bread card has another size."""


def write_first(config: Path, if_unproven: str = "never") -> Path:
    """Write the merchant's files and return its folder."""
    return _write(config, bread=4, rules=("thanks", "full-card", "regular", "missed"), if_unproven=if_unproven)


def write_second(config: Path) -> Path:
    """Write them as they are after a change."""
    return _write(config, bread=3, rules=("full-card", "regular", "missed"))


def _write(config: Path, *, bread: int, rules: tuple[str, ...], if_unproven: str = "never") -> Path:
    folder = config / "merchants" / MERCHANT
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "templates" / "nl").mkdir(parents=True, exist_ok=True)
    for old in (folder / "rules").glob("*.yaml"):
        old.unlink()
    text = _PROGRAM.format(merchant=MERCHANT, zone=_zone_of_noon(), bread=bread, sender=SENDER, if_unproven=if_unproven)
    (folder / "program.yaml").write_text(text)
    for name in rules:
        (folder / "rules" / f"{name}.yaml").write_text(
            f"rule: {name}\ndescription: {name}\nstatus: live\n{_RULES[name]}"
        )
    for name in ("thanks", "full", "regular", "missed"):
        (folder / "templates" / "nl" / f"{name}.j2").write_text(
            "{{ merchant.name }}: dag {{ customer.first_name or 'u' }}! " + name + ". Stop? Antwoord STOP\n"
        )
    return folder


def _zone_of_noon() -> str:
    """A zone where it is about two in the afternoon now: no quiet hours, no midnight while a proof runs."""
    ahead = (14 - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"

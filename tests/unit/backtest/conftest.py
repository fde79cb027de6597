"""A bakery with two rules, and a past of many customers for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from stamgast.backtest.plan import CsvData, Plan
from stamgast.programs.record import BundleRecord, bundle_hash

EPOCH = date(1970, 1, 1).toordinal()

PROGRAM = """\
merchant: bakker
name: Bakker
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {dok: {}}
cards: {bread: {stamps: 5, categories: [bread]}}
rewards: {loaf: {names: {nl: Een brood}, cost: 1.10 EUR, value: 3.50 EUR}}
templates: {hello: {purpose: marketing}, loaf: {purpose: marketing}}
messaging:
  sms_sender: "+31970102345"
  caps: {marketing: [1 per day, 3 per 7 days]}
costs: {contact: {sms: 0.07 EUR}}
"""
FILES: Mapping[str, str] = {
    "program.yaml": PROGRAM,
    "templates/nl/hello.j2": "Dag {{ customer.first_name | default('u', true) }}. Stop? Antwoord STOP.",
    "templates/nl/loaf.j2": "Uw brood: {{ voucher.code }}. Stop? Antwoord STOP.",
    "rules/loaf.yaml": """\
rule: loaf
description: Five breads give one.
status: live
when: {stamp_card_completed: bread}
then: [{give: loaf}, {send: loaf, by: [sms]}]
""",
    "rules/visits.yaml": """\
rule: visits
description: Every third visit.
status: live
when: {visits_reached: 3}
then: [{send: hello, by: [sms]}]
""",
    "rules/big.yaml": """\
rule: big
description: A large purchase.
status: draft
when: {purchase: {}}
if: [{basket_has: {category: pastry}}]
then: [{send: hello, by: [sms]}]
limits: {messages: 3 per day}
""",
}


def record_of(files: Mapping[str, str]) -> BundleRecord:
    return BundleRecord(merchant="bakker", hash=bundle_hash(files, {}), files=dict(files))


def day_of(text: str) -> int:
    return date.fromisoformat(text).toordinal() - EPOCH


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """Half a year of two hundred customers; one of them buys as much as all others together."""
    draw, file = random.Random(3), tmp_path / "past.csv"
    lines = ["customer,date,amount,category"]
    for _ in range(3_000):
        who = draw.choice(("c0", f"c{draw.randrange(200)}"))
        when = date(2026, 1, 1) + timedelta(days=draw.randrange(180))
        category = draw.choice(("bread", "pastry"))
        lines.append(
            f"{who},{when} {draw.randrange(8, 18):02}:{draw.randrange(60):02},{draw.randrange(900) / 100},{category}"
        )
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def plan(past: Path) -> Callable[..., Plan]:
    def make(first: str = "2026-01-01", last: str = "2026-06-30", files: Mapping[str, str] = FILES, **options) -> Plan:
        return Plan(record_of(files), CsvData(str(past)), day_of(first), day_of(last), **options)

    return make

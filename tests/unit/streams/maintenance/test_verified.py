"""Whoever adds a kind of key, or a field of a partition's meta, says whether `stamgast verify` compares it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stamgast.state.keys import PartitionKeys
from stamgast.state.partition_meta import FAMILIES, FIELDS
from streams.maintenance.verified import META_UNVERIFIED, META_VERIFIED, UNVERIFIED, VERIFIED

OPERATIONS = (Path(__file__).parents[4] / "docs/operations.md").read_text(encoding="utf-8")


def test_of_every_kind_of_key_it_is_decided():
    kinds = {name for name in vars(PartitionKeys) if not name.startswith("_")} - {"tag", "number"}
    assert kinds == VERIFIED.keys() | UNVERIFIED.keys()
    assert not VERIFIED.keys() & UNVERIFIED.keys()


def test_of_every_field_of_meta_it_is_decided():
    fields = {field.name for field in FIELDS} | {family.prefix for family in FAMILIES}
    compared = {family.prefix for family in META_VERIFIED}
    assert fields == compared | META_UNVERIFIED.keys()
    assert not compared & META_UNVERIFIED.keys()


@pytest.mark.parametrize("kind", [*VERIFIED, *UNVERIFIED])
def test_who_runs_it_can_read_what_verify_looks_at(kind: str):
    said = {**VERIFIED, **UNVERIFIED}[kind]
    assert re.search(rf"^\| `{kind}` \| {re.escape(said)} \|$", OPERATIONS, re.MULTILINE)


@pytest.mark.parametrize("field", META_UNVERIFIED)
def test_who_runs_it_can_read_what_of_meta_is_not_compared(field: str):
    assert f"`{field}` ({META_UNVERIFIED[field]})" in OPERATIONS

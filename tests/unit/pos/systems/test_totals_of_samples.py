"""Of no sale that a vendor publishes is anything told about its totals, whichever way it is read."""

import json
from typing import Any

import pytest

from stamgast.domain.purchase_record import decode_record
from stamgast.pos.delivery import desk_context, read_delivery, read_objects
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Received, read_item
from stamgast.pos.record import to_record
from stamgast.pos.registry import OWN, Registry
from stamgast.pos.unequal_totals import left_unexplained
from tests.builders import T0
from tests.unit.pos.systems.till import SAMPLES

ADAPTERS = Registry()
NAMES = [path.stem for path in sorted(SAMPLES.glob("*.json")) if path.stem != "vectors"]
SYSTEMS = sorted(OWN, key=len, reverse=True)


def documents(name: str) -> list[dict[str, Any]]:
    """Of a sample as a delivery, and as each object of its system's API."""
    adapter = ADAPTERS.get(next(each for each in SYSTEMS if name.startswith(each)))
    raw, context = (SAMPLES / f"{name}.json").read_bytes(), desk_context(adapter.name)
    found: list[dict[str, Any]] = []
    for kind in ("", *adapter.kinds):
        try:
            meaning = read_objects(adapter, raw, kind, context) if kind else read_delivery(adapter, raw, {}, context)
        except RefusedError:
            continue
        found += meaning.documents
    return found


@pytest.mark.parametrize("name", NAMES)
def test_its_totals_come_to_what_was_paid(name: str):
    for document in documents(name):
        item = read_item({key: value for key, value in document.items() if key != "partial"}, "")
        assert isinstance(item, Received), item
        delivery = decode_record(to_record(item.purchase, "m", None, T0)[1]).data
        assert left_unexplained(delivery) == 0, json.dumps(document["totals"])


def test_there_are_samples():
    assert sum(len(documents(name)) for name in NAMES) > 30

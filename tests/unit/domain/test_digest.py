"""Two deliveries with one version: the figure that decides can be worked out by anybody, from the record alone."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.digest import digest_of_refund, digest_of_snapshot
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction
from stamgast.domain.units import DAY, HOUR
from stamgast.pos.reading import read_purchase
from stamgast.pos.record import to_record
from tests.builders import ANNA, BRAM, T0, line, record, refund, rfc3339, snapshot
from tests.oracle_sales import _newness

ROOT = Path(__file__).parents[3]
SMALLEST = ROOT / "tests" / "golden" / "purchase" / "smallest.json"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
amounts = st.integers(-(10**12), 10**12)
quantities = st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", fullmatch=True, alphabet="0123456789.-")


def merged(*values: bytes) -> Transaction:
    transaction = Transaction()
    for value in values:
        read = decode_record(value)
        merge(transaction, read.data, read.stamgastrecordedat or 0)
    return transaction


def digest(value: bytes) -> bytes:
    transaction = merged(value)
    if transaction.snapshot is None:
        return digest_of_refund(transaction.refunds["r1"])
    return digest_of_snapshot(transaction.snapshot)


@given(
    st.lists(
        st.builds(line, words, amounts, quantities, sku=words, category=words, cost_minor=amounts, tax_minor=amounts),
        max_size=3,
    ),
    st.integers(-DAY, DAY),
    words,
)
def test_whatever_a_till_says_comes_to_the_same_figure_as_by_the_documented_recipe(lines, later, word):
    net_state = snapshot(lines=lines, when=T0 + later, store=word, refund_ids=[word], gross=7)
    value = record(net_state, T0)[1]
    assert digest(value) == _newness(json.loads(value))[1]


@given(st.lists(st.tuples(words, st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,6})?", fullmatch=True), st.integers(0, 10**12))))
def test_so_does_a_refund(lines):
    value = record(refund(lines=lines), T0)[1]
    assert digest(value) == _newness(json.loads(value))[1]


def test_the_documented_example_is_right():
    text = (ROOT / "docs" / "producing.md").read_text()
    [written] = re.findall(r'^\{"end_date_time.*$', text, flags=re.MULTILINE)
    [figure] = re.findall(r"its SHA-256 to `([0-9a-f]{64})`", text)
    assert hashlib.sha256(written.encode()).hexdigest() == figure
    posted = read_purchase(json.loads(SMALLEST.read_bytes())).purchase
    assert digest(to_record(posted, "bakkerij-noord", ANNA, T0)[1]).hex() == figure


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"end_date_time": "2026-10-01T09:42:10.000999+02:00"},
        {"end_date_time": rfc3339(T0 + 2 * HOUR)},
        {"provenance": {"test": True, "provider": "till"}, "receipt_number": "77"},
        {"line_items": [{"line_id": "1", "gross_minor": -5, "quantity": "0.3485", "kind": "return", "name": "x"}]},
    ],
)
def test_it_is_the_same_over_http_and_on_the_topic(changes: dict[str, Any]):
    posted = json.loads(SMALLEST.read_text()) | changes
    del posted["customer"]
    over_http = to_record(read_purchase(posted).purchase, "bakkerij-noord", BRAM, T0)[1]
    assert digest(over_http) == digest(record(posted, T0)[1])


def test_of_two_deliveries_with_one_version_the_greater_figure_counts_in_either_order():
    values = [record(snapshot(lines=[line("1", gross)]), T0)[1] for gross in (100, 200, 300)]
    greatest = max(values, key=digest)
    for order in (values, values[::-1]):
        assert merged(*order).snapshot == merged(greatest).snapshot

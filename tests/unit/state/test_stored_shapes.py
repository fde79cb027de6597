"""What states are stored as: arrays, so that a field keeps its place for ever and new ones come last, with a default."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stamgast.domain import activation, customer, ledger, measuring, past_messages, transactions
from stamgast.state import backlogs, doubts

GOLDEN = Path(__file__).parents[2] / "golden" / "state" / "fields.json"
"""Struct -> its fields in their order. A new field is appended here too, by hand."""
STORED: dict[str, Any] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": each
    for module in (activation, customer, ledger, measuring, past_messages, transactions, backlogs, doubts)
    for name, each in vars(module).items()
    if isinstance(each, type) and issubclass(each, msgspec.Struct) and each.__module__ == module.__name__
    if each.__struct_config__.array_like
}
PLACES: dict[str, list[str]] = json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("name", sorted(STORED))
def test_fields_of_what_is_stored_stay_where_they_are(name: str):
    assert list(STORED[name].__struct_fields__) == PLACES[name]


def test_every_struct_that_is_stored_is_written_down():
    assert set(PLACES) == set(STORED)


def test_words_of_messages_that_ended_keep_their_places():
    assert ",".join(past_messages.WORDS) == (
        ",whatsapp,sms,marketing,utility,not_submitted,not_found,accepted,sending,sent,failed,undelivered,delivered,read,"
        "suppressed,expired,no_consent,opted_out,holdout,cool_down,frequency_cap,outranked,taken_back,no_longer_true,"
        "too_many,late"
    ), "new ones come last"

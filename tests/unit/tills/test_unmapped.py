"""What is to be written for a place of a till that is no store."""

import pytest

from stamgast.tills.unmapped import Unmapped, in_a_document
from tests.builders import program

SHOP = program()


@pytest.mark.parametrize(
    ("place", "nearest", "in_connection", "in_program"),
    [
        ("shopp", "shop", 'stores: {"shopp": shop}', "stores: {shopp: {}}"),
        ("655441491", None, 'stores: {"655441491": STORE}', "stores: {655441491: {}}"),
        ("Kassa 2 · Plein", None, 'stores: {"Kassa 2 · Plein": STORE}', "stores: {kassa-2-plein: {}}"),
        ("…", None, 'stores: {"…": STORE}', "stores: {another-store: {}}"),
        ("a\u202eb", None, 'stores: {"a\\u202eb": STORE}', "stores: {a-b: {}}"),
    ],
)
def test_it_is_said_what_to_write(place: str, nearest: str | None, in_connection: str, in_program: str):
    assert in_a_document(Unmapped(place, 3, 1_000), SHOP) == {
        "place": place,
        "count": 3,
        "last_event": "1970-01-01T00:00:01Z",
        "nearest": nearest,
        "allowed": ["shop", "bar"],
        "in_connection": in_connection,
        "in_program": in_program,
    }

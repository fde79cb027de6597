"""The keys that are in force, as a web process holds them."""

from types import SimpleNamespace
from typing import Any

from stamgast.api_keys.model import ApiKey, encode_key
from stamgast.api_keys.table import ApiKeyTable
from tests.builders import MERCHANT


async def test_a_revoked_key_takes_no_room():
    table = ApiKeyTable()

    def record(revoked_at: int) -> Any:
        key = ApiKey("id", MERCHANT, ("read",), "digest", 1, revoked_at)
        return SimpleNamespace(key=b"id", value=encode_key(key))

    await table.apply([record(0)], {})
    assert len(table._keys) == 1
    await table.apply([record(2)], {})
    assert table._keys == {}

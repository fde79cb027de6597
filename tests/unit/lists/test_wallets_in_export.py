"""Who asks what we know of them is told in which wallets their card is; not where their telephone is woken."""

from __future__ import annotations

from pathlib import Path

from rules.loader import load_merchant
from stamgast.identity.records import Device, Passes, Saved
from stamgast.lists.export import Tables, document_of
from stamgast.lists.lives import Life

NOW = 1_790_848_800_000
SHOP = load_merchant(Path(__file__).parents[3] / "config" / "merchants" / "bakkerij-noord").program


def test_wallets_are_told_with_their_devices(tmp_path: Path):
    passes = Passes((Device("phone-1", "ab" * 32, "serial", NOW),), (Saved("serial", NOW),))
    document = document_of("c1", Life(), SHOP, NOW, profile=None, state=None, key=None, passes=passes)
    assert document["wallets"] == [
        {"wallet": "apple", "since": "2026-10-01T10:00:00Z", "device": "phone-1"},
        {"wallet": "google", "since": "2026-10-01T10:00:00Z"},
    ]
    assert "ab" * 32 not in str(document)
    tables = Tables(tmp_path / "out")
    tables.open()
    tables.add(document)
    tables.close()
    written = (tmp_path / "out" / "wallets.csv").read_text(encoding="utf-8-sig").splitlines()
    assert written == [
        "customer,wallet,since,device",
        "c1,apple,2026-10-01T10:00:00Z,phone-1",
        "c1,google,2026-10-01T10:00:00Z,",
    ]


def test_who_has_none_is_told_so():
    assert document_of("c1", Life(), SHOP, NOW, profile=None, state=None, key=None)["wallets"] == []

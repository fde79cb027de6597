"""Of two deliveries with one version the digest decides: what it leaves out would count by the order of arrival."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from msgspec import structs

import stamgast.domain.digest
from stamgast.domain.digest import digest_of_refund, digest_of_snapshot
from stamgast.domain.events import Line
from stamgast.domain.transactions import Refund, Snapshot

LINE = Line("1", 350)
SNAPSHOT = Snapshot(1, "completed", 0, "dok-noord", "EUR", 350, (LINE,))
REFUND = Refund(1, 350, (LINE,))
OTHER: dict[str, Any] = {"lines": (), "netted": ("r1",)}
PRODUCING = Path(__file__).parents[3] / "docs" / "producing.md"


def changed(struct: Any, field: str) -> Any:
    """The same with another value of one field."""
    kind = get_type_hints(type(struct))[field]
    kinds = get_args(kind) or (kind,)
    value = OTHER.get(field, "another" if str in kinds else 77 if int in kinds else True)
    return structs.replace(struct, **{field: value})


@pytest.mark.parametrize("field", [name for name in Snapshot.__struct_fields__ if name != "version"])
def test_whatever_is_kept_of_a_net_state_is_in_its_digest(field: str):
    assert digest_of_snapshot(changed(SNAPSHOT, field)) != digest_of_snapshot(SNAPSHOT)


@pytest.mark.parametrize("field", Line.__struct_fields__)
def test_whatever_is_kept_of_a_line_is_in_the_digest(field: str):
    other = structs.replace(SNAPSHOT, lines=(changed(LINE, field),))
    assert digest_of_snapshot(other) != digest_of_snapshot(SNAPSHOT)


@pytest.mark.parametrize("field", ["gross", "lines", "currency"])
def test_whatever_is_kept_of_a_refund_is_in_its_digest(field: str):
    assert digest_of_refund(changed(REFUND, field)) != digest_of_refund(REFUND)


@pytest.mark.parametrize(("digest", "about"), [(digest_of_snapshot, SNAPSHOT), (digest_of_refund, REFUND)])
def test_producers_can_read_what_the_digest_is_made_of(digest: Any, about: Any, monkeypatch: pytest.MonkeyPatch):
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(stamgast.domain.digest, "_sha256", made.append)
    digest(about)
    text = PRODUCING.read_text()
    assert [name for name in names(made[0]) if f"{name}`" not in text] == []


def names(document: Any) -> list[str]:
    match document:
        case dict():
            return [name for key, value in document.items() for name in names(value) or [key]]
        case list():
            return [name for each in document for name in names(each)]
        case _:
            return []

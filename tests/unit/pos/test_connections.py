"""A merchant's connections stand beside its other files; their secrets open nowhere but in their own place."""

from pathlib import Path
from typing import Any

import pytest

from rules.loader import load_merchant
from stamgast.identity.sealing import WrappingKeys
from stamgast.pos.connections import Connection, PosSeal, Role, SecretError, load_connections
from tests.builders import program

SEAL = PosSeal(WrappingKeys({"first": b"1" * 32}))
SYSTEMS = ("kassa", "shopify")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bakery" / "pos").mkdir(parents=True)
    return tmp_path / "bakery"


def load(folder: Path, text: str) -> tuple[list[Connection], list[Any]]:
    (folder / "pos" / "front.yaml").write_text(text)
    return load_connections(folder, program().stores, SYSTEMS)


def test_a_connection_is_read_with_its_secrets_still_sealed(folder):
    old, new = (SEAL.seal("bakery", "front", "webhook", secret) for secret in ("s3cret", "n3w"))
    text = f"system: kassa\naccount: K9\nstores:\n  T1: shop\nsecrets:\n  webhook: [{old}, {new}]\n"
    [connection], problems = load(folder, text)
    assert problems == []
    assert connection == Connection("bakery", "front", "kassa", "K9", {"T1": "shop"}, {"webhook": (old, new)})
    assert SEAL.open(connection, "webhook") == ["s3cret", "n3w"]
    assert "s3cret" not in text + repr(connection)


@pytest.mark.parametrize(
    "elsewhere", [("cafe", "front", "webhook"), ("bakery", "back", "webhook"), ("bakery", "front", "api")]
)
def test_a_secret_opens_for_its_own_merchant_connection_and_name_only(elsewhere):
    merchant, connection_id, name = elsewhere
    sealed = SEAL.seal(merchant, connection_id, name, "s3cret")
    connection = Connection("bakery", "front", "kassa", sealed={"webhook": (sealed,)})
    with pytest.raises(SecretError, match="bakery/pos/front.yaml cannot be opened.*seal it anew"):
        SEAL.open(connection, "webhook")


def test_after_a_new_wrapping_key_the_old_secret_opens_until_its_key_is_dropped():
    connection = Connection(
        "bakery", "front", "kassa", sealed={"webhook": (SEAL.seal("bakery", "front", "webhook", "s3cret"),)}
    )
    both = WrappingKeys({"second": b"2" * 32, "first": b"1" * 32})
    assert PosSeal(both).open(connection, "webhook") == ["s3cret"]
    with pytest.raises(SecretError, match="wrapping key 'first' is not among WRAPPING_KEYS"):
        PosSeal(WrappingKeys({"second": b"2" * 32})).open(connection, "webhook")


def test_a_connection_may_only_tell_how_sales_were_paid(folder):
    [sale], _ = load(folder, "system: kassa\n")
    [payment], problems = load(folder, "system: kassa\nrole: payment\n")
    assert (sale.role, payment.role, problems) == (Role.SALE, Role.PAYMENT, [])
    nobody, [problem] = load(folder, "system: kassa\nrole: paiment\n")
    assert nobody == []
    assert "payment" in f"{problem}"


def test_a_secret_that_is_missing_is_named_with_those_that_there_are():
    connection = Connection("bakery", "front", "kassa", sealed={"webhook": ("a.b",)})
    with pytest.raises(SecretError, match='no secret .webhok.. Did you mean "webhook"'):
        SEAL.open(connection, "webhok")


@pytest.mark.parametrize(
    ("text", "line", "why", "hint"),
    [
        ("account: K9", 1, "needs `system`", ""),
        ("system: kasa", 1, 'unknown system of tills "kasa"', 'Did you mean "kassa"?'),
        ("system: kassa\nstore: {}", 2, 'unknown word "store"', 'Did you mean "stores"?'),
        ("system: kassa\nstores:\n  T1: shoop", 3, 'unknown store "shoop"', 'Did you mean "shop"?'),
        ("system: kassa\nsecrets:\n  webhook: s3cret", 3, "is not sealed", "forge"),
        ("system: kassa\nsecrets:\n  webhook: [a.b, a.c, a.d, a.e, a.f, a.g]", 3, "are 6; at most 5 are tried", ""),
        ("- kassa", 1, "takes words with values", ""),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_right_thing(folder, text, line, why, hint):
    connections, [problem] = load(folder, text)
    assert connections == []
    assert problem.line == line
    assert why in problem.message
    assert hint in problem.hint


def test_one_bad_file_keeps_no_other_connection_away(folder):
    (folder / "pos" / "back.yaml").write_bytes(b"\xff")
    connections, [problem] = load(folder, "system: kassa")
    assert [each.name for each in connections] == ["front"]
    assert problem.file.endswith("back.yaml")


def test_connections_are_no_part_of_what_is_published(folder):
    load(folder, "system: kassa")
    assert not any(name.startswith("pos/") for name in load_merchant(folder).files)

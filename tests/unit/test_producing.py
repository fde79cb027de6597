"""What a shop's own program writes: the recipes of the documentation, and ours, make what workers take."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stamgast.api_keys.model import key_text, producer_secret
from stamgast.pos.documents import read_document
from stamgast.pos.reading import read_purchase
from stamgast.producing import Producing, proof_of
from tests.builders import MERCHANT, line, snapshot

DOCUMENT = (Path(__file__).parents[2] / "docs" / "producing.md").read_text()
KEY = key_text("a" * 16, producer_secret(b"p" * 32, MERCHANT, "a" * 16))


def recipe(language: str) -> str:
    codes: list[str] = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    [code] = [each for each in codes if "proof" in each]
    return code


def vectors() -> list[tuple[str, str, str]]:
    """Key, value and header of each row of the documentation's table."""
    rows = DOCUMENT.partition("| key | value | header |")[2].partition("\n\n")[0].splitlines()[2:]
    found: list[tuple[str, str, str]] = []
    for row in rows:
        key, value, header = re.findall(r"`([^`]*)`", row)
        found.append((key, value, header))
    assert len(found) >= 3
    return found


@pytest.mark.parametrize(("key", "value", "header"), vectors())
def test_ours_makes_the_published_proofs(key: str, value: str, header: str):
    assert proof_of(key, value.encode()) == header


def test_the_recipe_in_python_makes_the_published_proofs():
    namespace: dict[str, Any] = {}
    exec(recipe("python"), namespace)
    assert [namespace["proof"](key, value.encode()) for key, value, _ in vectors()] == [each[2] for each in vectors()]


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
def test_the_recipe_in_javascript_makes_the_published_proofs():
    calls = "".join(f"console.log(proof({json.dumps(key)}, {json.dumps(value)}));" for key, value, _ in vectors())
    done = subprocess.run(
        ["node", "-e", f"{recipe('javascript')}\n{calls}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [header for _, _, header in vectors()]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_the_recipe_for_a_shell_makes_the_published_proofs(tmp_path: Path):
    for key, value, header in vectors():
        (tmp_path / "value.json").write_text(value)
        code = f"KEY={key}\n{recipe('sh')}"
        done = subprocess.run(["sh", "-ec", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == header


def test_a_record_is_what_http_takes_under_the_merchants_name():
    sale = snapshot("till:1", lines=[line("1", 700)]) | {"customer": {"membership_number": "M1"}}
    record = Producing(MERCHANT, KEY).record(sale)
    assert record["key"] == f"{MERCHANT}:till:1".encode()
    document = read_document(record["value"])
    assert document["partitionkey"] == f"{MERCHANT}:till:1"
    assert read_purchase(document).purchase.transaction_id == "till:1"
    [(name, proof)] = record["headers"]
    assert (name, proof.decode()) == ("stamgast-proof", proof_of(KEY, record["value"]))


def test_versions_and_refunds_have_ids_of_their_own_and_names_stay_as_they_are():
    made = [
        json.loads(Producing(MERCHANT, KEY, source="/kassa").record(each)["value"])
        for each in (snapshot("é1"), snapshot("é1", 2), {"transaction_id": "é1", "refund_id": "r1"})
    ]
    assert [each["id"] for each in made] == ["é1:1", "é1:2", "é1:refund:r1:0"]
    assert {each["source"] for each in made} == {"/kassa"}


@pytest.mark.parametrize("key", ["", "sk_abc", f"{KEY}\n", "Bearer sk_a_b", "pk_a_b"])
def test_what_is_no_producers_key_is_told_before_anything_is_sent(key: str):
    with pytest.raises(ValueError, match="stamgast keys create MERCHANT --scope produce"):
        Producing(MERCHANT, key)


def test_a_purchase_without_its_name_is_refused():
    with pytest.raises(ValueError, match="a purchase has a transaction_id"):
        Producing(MERCHANT, KEY).record({"status": "completed"})

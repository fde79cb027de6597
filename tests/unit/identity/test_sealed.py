"""Identifiers sealed by a shop: the recipes in the documentation are what the workers open."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stamgast.identity.sealed import Identifiers, public_key, seal, unseal
from stamgast.identity.sealing import SealError

ID_KEY, MERCHANT = b"i" * 32, "bakkerij-noord"
PHONE = "0612345678"
DOCUMENT = (Path(__file__).parents[3] / "docs" / "producing.md").read_text()
PUBLIC = public_key(ID_KEY, MERCHANT)


def recipe(language: str) -> str:
    codes: list[str] = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    [code] = [each for each in codes if "seal" in each]
    return code


def test_what_was_sealed_opens_with_the_merchants_key_alone():
    sealed = seal(PUBLIC, MERCHANT, Identifiers(phone=PHONE, membership_number="M1"))
    assert unseal(ID_KEY, MERCHANT, sealed) == Identifiers(phone=PHONE, membership_number="M1")
    for id_key, merchant in ((b"j" * 32, MERCHANT), (ID_KEY, "platenzaak")):
        with pytest.raises(SealError, match="does not open"):
            unseal(id_key, merchant, sealed)


def test_the_same_phone_is_never_sealed_alike_and_its_length_does_not_show():
    sealed = [seal(PUBLIC, MERCHANT, Identifiers(phone=phone)) for phone in (PHONE, PHONE, "+31 6 12 34 56 78")]
    assert len(set(sealed)) == 3
    assert len({len(each) for each in sealed}) == 1


def test_the_recipe_in_python_is_what_we_open():
    namespace: dict[str, Any] = {}
    exec(recipe("python"), namespace)
    sealed = namespace["seal"](PUBLIC, MERCHANT, {"phone": PHONE})
    assert unseal(ID_KEY, MERCHANT, sealed) == Identifiers(phone=PHONE)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")
def test_the_recipe_in_javascript_is_what_we_open():
    words = ", ".join(map(json.dumps, (PUBLIC, MERCHANT, {"phone": PHONE})))
    code = f"{recipe('javascript')}\nconsole.log(seal({words}));"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    assert unseal(ID_KEY, MERCHANT, done.stdout.strip()) == Identifiers(phone=PHONE)


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s[:60] + ("A" if s[60] != "A" else "B") + s[61:]])
def test_a_byte_more_less_or_other_does_not_open(change):
    sealed = seal(PUBLIC, MERCHANT, Identifiers(phone=PHONE))
    with pytest.raises(SealError):
        unseal(ID_KEY, MERCHANT, change(sealed))


@pytest.mark.parametrize("sealed", ["", "AQ", "AQ" + "A" * 42, "AQ" + "A" * 200, "not base64!", "x" * 2_000])
def test_what_is_no_sealed_identifier_is_refused(sealed):
    with pytest.raises(SealError):
        unseal(ID_KEY, MERCHANT, sealed)


@pytest.mark.parametrize("plain", [b"0612345678", b'{"phone": 612345678}', b'{"tel": "0612345678"}', b"{}", b"["])
def test_what_opens_and_is_no_identifier_is_refused_without_repeating_it(plain, monkeypatch):
    monkeypatch.setattr("stamgast.identity.sealed._encode", lambda _: plain)
    sealed = seal(PUBLIC, MERCHANT, Identifiers(phone=PHONE))
    with pytest.raises(SealError) as refused:
        unseal(ID_KEY, MERCHANT, sealed)
    assert "612345678" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "AAAA", "A" * 43])
def test_nothing_is_sealed_to_what_is_no_public_key(key):
    with pytest.raises(SealError):
        seal(key, MERCHANT, Identifiers(phone=PHONE))


def test_the_public_key_of_a_merchant_stays_as_it_was():
    assert PUBLIC == public_key(ID_KEY, MERCHANT) == "xkRzjxP0y452E8surwCxcesl6_MxIy4u_vrn8ylSAzE"
    assert public_key(ID_KEY, "platenzaak") != PUBLIC

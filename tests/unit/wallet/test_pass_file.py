"""A `.pkpass` as a phone reads it: every file in the manifest, and a signature that openssl believes."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rules.loader import load_merchant
from stamgast.domain.customer import Card, Customer, Voucher
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import VoucherState
from stamgast.wallet.apple.certificates import AppleAccount, read_apple
from stamgast.wallet.apple.pass_file import pkpass
from stamgast.wallet.content import PassContent, content_of, void_content
from stamgast.wallet.images import apple_images
from tests.fakes.apple_files import PASS_TYPE, TEAM, settings_of, write

NOW = 1_790_848_800_000
DAY = 86_400_000
CUSTOMER = "cabcdefghijklmnopqrstuvwx"
CONFIG = Path(__file__).parents[3] / "config" / "merchants"
PAGE = "https://loyalty.example.com/c/aaaa"


@pytest.fixture(scope="module")
def program() -> Program:
    return load_merchant(CONFIG / "bakkerij-noord").program


@pytest.fixture
def account(tmp_path: Path) -> AppleAccount:
    found, wrong = read_apple(settings_of(write(tmp_path)), NOW)
    assert found is not None, wrong
    return found


def regular(**more: Any) -> Customer:
    voucher = Voucher(
        "A5-K7PM4XQ5TR2WZHBC", "free_loaf", VoucherState.OPEN, NOW - DAY, NOW + 9 * DAY, "card:bread:2", ""
    )
    return Customer(cards={"bread": Card(balance=4, completed=2)}, vouchers=[voucher], **more)


def opened(content: PassContent, account: AppleAccount) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(pkpass(content, account, "serial", "t" * 40, PAGE))) as whole:
        assert whole.testzip() is None
        return {name: whole.read(name) for name in whole.namelist()}


def said(content: PassContent, account: AppleAccount) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(opened(content, account)["pass.json"])
    return found


def test_every_file_is_in_the_manifest_by_its_digest(program: Program, account: AppleAccount):
    files = opened(content_of(CUSTOMER, regular(), program, "nl", NOW), account)
    manifest = json.loads(files["manifest.json"])
    assert set(manifest) == set(files) - {"manifest.json", "signature"}
    assert all(hashlib.sha1(files[name]).hexdigest() == digest for name, digest in manifest.items())
    sizes = {name: Image.open(io.BytesIO(files[name])).size for name in manifest if name.endswith(".png")}
    assert (sizes["icon.png"], sizes["icon@3x.png"]) == ((29, 29), (87, 87))
    assert (sizes["strip@2x.png"], sizes["logo@2x.png"]) == ((750, 288), (100, 100))


def test_openssl_believes_the_signature_and_no_other_manifest(program: Program, account: AppleAccount, tmp_path: Path):
    files = opened(content_of(CUSTOMER, regular(), program, "nl", NOW), account)

    def verified(manifest: bytes) -> bool:
        (tmp_path / "manifest").write_bytes(manifest)
        (tmp_path / "signature").write_bytes(files["signature"])
        how = ["smime", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-attime", str(NOW // 1_000)]
        names = ["-in", "signature", "-content", "manifest", "-CAfile", "root.pem"]
        return subprocess.run(["openssl", *how, *names], cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert verified(files["manifest.json"]), "by the root alone: the intermediate is in the signature"
    assert not verified(files["manifest.json"] + b" ")


def test_it_shows_what_the_card_shows_in_the_customers_language(program: Program, account: AppleAccount):
    shown = said(content_of(CUSTOMER, regular(), program, "nl", NOW), account)
    assert (shown["passTypeIdentifier"], shown["teamIdentifier"]) == (PASS_TYPE, TEAM)
    assert shown["webServiceURL"] == "https://loyalty.example.com/wallet"
    assert shown["barcodes"][0]["message"] == CUSTOMER.upper(), "what a till scans on the page, too"
    card = shown["storeCard"]
    assert card["headerFields"][0]["value"] == "4 / 7"
    assert card["secondaryFields"][0]["value"] == "Nog 3 stempels en je kaart is vol"
    assert card["auxiliaryFields"][0]["value"].startswith("Een gratis brood, tot en met ")
    back = {each["key"]: each["value"] for each in card["backFields"]}
    assert back["page"] == PAGE
    assert "tot en met" in back["vouchers"]
    french = said(content_of(CUSTOMER, regular(), program, "fr-BE", NOW), account)["storeCard"]
    assert french["secondaryFields"][0]["value"].startswith("Encore 3 tampons et ")
    assert "changeMessage" not in json.dumps(shown), "a phone is not told to ring: that is what messages are for"


def test_stop_ends_messages_and_no_card(program: Program, account: AppleAccount):
    stopped = said(content_of(CUSTOMER, regular(stopped_at=NOW), program, "nl", NOW), account)
    assert stopped == said(content_of(CUSTOMER, regular(), program, "nl", NOW), account)


def test_a_void_pass_shows_nothing_of_anybody(program: Program, account: AppleAccount):
    shown = said(void_content(program, "nl"), account)
    assert shown["voided"] is True
    assert "barcodes" not in shown
    assert [each["key"] for each in shown["storeCard"]["secondaryFields"]] == ["void"]
    assert PAGE not in json.dumps(shown)


def test_the_version_changes_with_what_is_shown_and_with_nothing_else(program: Program):
    def version(state: Customer, language: str = "nl", at: int = NOW) -> str:
        return content_of(CUSTOMER, state, program, language, at).version

    assert version(regular()) == version(regular(spend=5_000, stopped_at=NOW))
    assert version(regular()) != version(regular(), "fr")
    assert version(regular()) != version(regular(), at=NOW + 10 * DAY), "its voucher has ended"
    assert version(regular()) != version(Customer())


@pytest.mark.parametrize("of", [0, 1, 7, 12, 30, 31, 100])
def test_a_card_of_any_size_can_be_drawn(of: int):
    files = apple_images("#0b6e4f", of // 2, of)
    assert ("strip.png" in files) is bool(of)
    assert sum(map(len, files.values())) < 60_000

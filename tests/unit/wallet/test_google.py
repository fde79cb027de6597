"""Google Wallet: what is wrong with what is set, and the link that saves a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from rules.loader import load_merchant
from stamgast.domain.customer import Card, Customer, Voucher
from stamgast.domain.vocabulary import VoucherState
from stamgast.wallet.content import content_of, void_content
from stamgast.wallet.google.account import GoogleAccount, read_google
from stamgast.wallet.google.loyalty import LONGEST_LINK, SAVE, class_json, object_json, save_link
from tests.fakes.apple_files import settings_of
from tests.fakes.google_wallet import EMAIL, ISSUER, account, public_pem

NOW, DAY = 1_790_848_800_000, 86_400_000
CUSTOMER = "cabcdefghijklmnopqrstuvwx"
SHOP = load_merchant(Path(__file__).parents[3] / "config" / "merchants" / "bakkerij-noord").program
PAGE = "https://loyalty.example.com/c/" + "a" * 31


def given(folder: Path, said: Any = None, **more: str) -> dict[str, Any]:
    whole = account("https://oauth2.googleapis.com/token") if said is None else said
    (folder / "account.json").write_text(whole if isinstance(whole, str) else json.dumps(whole))
    files = {"wallet_google_issuer": ISSUER, "wallet_google_account": str(folder / "account.json")}
    return files | {"public_url": "https://loyalty.example.com"} | more


def told(settings: dict[str, Any]) -> dict[str, str]:
    found, wrong = read_google(settings_of(settings))
    assert (found is None) is bool(wrong)
    return {each.setting.removeprefix("STAMGAST_"): each.why for each in wrong}


def test_what_is_right_can_be_used_and_shows_no_key(tmp_path: Path):
    assert told(given(tmp_path)) == {}
    found, _ = read_google(settings_of(given(tmp_path)))
    assert "PRIVATE" not in repr(found)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{", "is no JSON"),
        ({"installed": {"client_id": "x"}}, "is the file of 'installed', not the key of a service account"),
        ({"type": "authorized_user"}, "is the file of 'authorized_user'"),
        ({"type": "service_account", "client_email": "x"}, "has no private_key"),
        ({"type": "service_account", "client_email": "x", "private_key": "y"}, "its private_key cannot be read"),
    ],
)
def test_a_file_that_is_another_one_is_named(tmp_path: Path, said: Any, why: str):
    assert why in told(given(tmp_path, said))["WALLET_GOOGLE_ACCOUNT"]


def test_each_setting_that_is_missing_or_odd_is_named(tmp_path: Path):
    assert (
        "No such file" in told(given(tmp_path) | {"wallet_google_account": "/nowhere/x.json"})["WALLET_GOOGLE_ACCOUNT"]
    )
    assert "is missing" in told(given(tmp_path) | {"wallet_google_account": ""})["WALLET_GOOGLE_ACCOUNT"]
    assert "is missing" in told(given(tmp_path) | {"wallet_google_issuer": ""})["WALLET_GOOGLE_ISSUER"]
    assert "digits alone" in told(given(tmp_path, wallet_google_issuer="BCR2DN"))["WALLET_GOOGLE_ISSUER"]
    assert "over https alone" in told(given(tmp_path, public_url="http://shop.example"))["PUBLIC_URL"]
    assert "to Google alone" in told(given(tmp_path, wallet_google_url="https://evil.example/v1"))["WALLET_GOOGLE_URL"]
    stolen = account("https://googleapis.com.evil.example/token")
    assert "to Google alone" in told(given(tmp_path, stolen))["WALLET_GOOGLE_ACCOUNT"]


@pytest.fixture
def ours(tmp_path: Path) -> GoogleAccount:
    found, wrong = read_google(settings_of(given(tmp_path)))
    assert found is not None, wrong
    return found


def regular(vouchers: int) -> Customer:
    code = "A5-K7PM4XQ5TR2WZHB{}"
    held = [
        Voucher(code.format("ABCDEFGHIJKLMNOP"[number]), "free_loaf", VoucherState.OPEN, NOW, NOW + 9 * DAY, "c", "")
        for number in range(vouchers)
    ]
    return Customer(cards={"bread": Card(balance=4)}, vouchers=held)


@pytest.mark.parametrize("vouchers", [0, 1, 12])
def test_the_link_is_signed_and_short_enough_for_browsers(ours: GoogleAccount, vouchers: int):
    content = content_of(CUSTOMER, regular(vouchers), SHOP, "nl", NOW)
    card = object_json(ours, SHOP.merchant, "s" * 31, content, PAGE)
    link = save_link(ours, class_json(ours, SHOP), card, NOW)
    token = link.removeprefix(SAVE)
    assert len(token) <= LONGEST_LINK
    said = jwt.decode(token, public_pem(), ["RS256"], audience="google", options={"verify_iat": False})
    assert (said["iss"], said["typ"], said["iat"]) == (EMAIL, "savetowallet", NOW // 1_000)
    (saved,), (shop,) = said["payload"]["loyaltyObjects"], said["payload"]["loyaltyClasses"]
    assert (saved["id"], saved["classId"]) == (f"{ISSUER}.{'s' * 31}", shop["id"])
    assert saved["barcode"]["value"] == CUSTOMER.upper()
    assert saved["loyaltyPoints"]["balance"] == {"string": "4 / 7"}


def test_an_object_shows_vouchers_with_their_last_day(ours: GoogleAccount):
    card = object_json(ours, SHOP.merchant, "s", content_of(CUSTOMER, regular(12), SHOP, "fr", NOW), PAGE)
    assert len(card["textModulesData"]) == 10
    assert "jusqu'au" in card["textModulesData"][1]["body"]
    assert len({each["id"] for each in card["textModulesData"]}) == 10


def test_a_void_card_empties_what_it_showed(ours: GoogleAccount):
    void = object_json(ours, SHOP.merchant, "s", void_content(SHOP, "nl"))
    assert (void["state"], void["barcode"], void["linksModuleData"]) == ("INACTIVE", None, None)

"""What all adapters share: signatures, amounts, moments and ids."""

import base64
import hashlib
import hmac
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.pos.adapter import Context, SignatureError
from stamgast.pos.connections import Connection
from stamgast.pos.systems import amounts, ids, moments
from stamgast.pos.systems.names import is_deposit
from stamgast.pos.systems.signatures import TOLERANCE, check_hmac, check_time
from tests.builders import MERCHANT, program


def signed(raw: bytes, secret: str, digest: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), raw, getattr(hashlib, digest)).digest()


def test_any_of_several_secrets_may_have_signed_in_any_documented_encoding():
    made = signed(b"body", "new")
    check_hmac(b"body", base64.b64encode(made).decode(), ("old", "new"))
    check_hmac(b"body", made.hex().upper(), ("new",), encodings=("base64", "hex"))
    sha1 = base64.b64encode(signed(b"body", "new", "sha1")).decode()
    check_hmac(b"body", sha1, ("new",), "sha1")
    for raw, given_, secrets in (
        (b"bodY", base64.b64encode(made).decode(), ("new",)),
        (b"body", base64.b64encode(made).decode(), ("old",)),
        (b"body", base64.b64encode(made).decode(), ()),
        (b"body", made.hex(), ("new",)),
        (b"body", "h\u00e9\udcff", ("new",)),
        (b"body", "", ("new",)),
    ):
        with pytest.raises(SignatureError):
            check_hmac(raw, given_, secrets)


def test_a_signed_time_is_believed_for_five_minutes():
    check_time("1000", 1_000_000 + TOLERANCE)
    check_time("1000", 1_000_000 - TOLERANCE)
    for text, now in (("1000", 1_000_001 + TOLERANCE), ("1000", 999_999 - TOLERANCE), ("", 0), ("9" * 5_000, 0),
                      ("-1", 0), ("\u0661", 1_000)):  # fmt: skip
        with pytest.raises(SignatureError):
            check_time(text, now)


@pytest.mark.parametrize(
    ("value", "currency", "found"),
    [
        ("12.40", "EUR", 1240),
        (12, "EUR", 1200),
        (Decimal("10.649999999999999"), "EUR", 1065),
        ("-10.00", "EUR", -1000),
        ("0.005", "EUR", 1),
        ("1300", "JPY", 1300),
        ("1.2345", "KWD", 1235),
        (Decimal("17.95001"), "EUR", 1795),
        ("1e2", "EUR", 10000),
        (1.1, "EUR", 110),
    ],
)
def test_major_units_become_minor_units_by_the_currencys_decimals(value, currency, found):
    assert amounts.minor(value, currency) == found


@pytest.mark.parametrize("value", [True, None, "", "x", "NaN", Decimal("Infinity"), "1e9999", "9" * 41, 10**30, [], {},
                                   "1_000", "\u0661", "1e15"])  # fmt: skip
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(ValueError):
        amounts.minor(value, "EUR")


def test_whole_minor_units_have_no_fraction():
    assert amounts.whole("1240") == amounts.whole(1240) == amounts.whole(Decimal("1240.0")) == 1240
    for value in (Decimal("12.5"), True, None, 10**13):
        with pytest.raises(ValueError):
            amounts.whole(value)
    assert amounts.scaled(1240, 2, "JPY") == 12
    assert amounts.scaled(1240, 2, "KWD") == 12400


@pytest.mark.parametrize(("value", "text"), [("1", "1"), (2, "2"), (Decimal("0.348"), "0.348"), ("-1.000", "-1"),
                                             ("0.1234567", "0.123457"), ("-0.0000001", "0"), (1e3, "1000")])  # fmt: skip
def test_quantities_are_decimal_text(value, text):
    assert amounts.quantity_text(value) == text


def test_tax_rates_are_percentages():
    assert [amounts.rate_text(each) for each in (Decimal("0.21"), "0.09", 0.06, None, "x", 11)] == [
        "21", "9", "6", None, None, None]  # fmt: skip
    assert amounts.percent_text("21.0") == "21"


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(-10, 10**6), max_size=20))
def test_what_is_spread_sums_to_the_whole(total, weights):
    parts = amounts.spread(total, weights)
    assert sum(parts) == (total if weights else 0)
    assert amounts.spread(100, [1, 1, 1]) == [34, 33, 33]


def test_lines_go_down_with_a_refund_that_names_none():
    lines = [
        {"line_id": "1", "gross_minor": 645, "quantity": "2", "tax_minor": 45},
        {"line_id": "2", "gross_minor": 1290, "quantity": "1"},
        {"line_id": "s", "kind": "shipping", "gross_minor": 1000},
    ]
    left = amounts.lowered(lines, 935, 1935)
    assert [(line["gross_minor"], line.get("quantity")) for line in left] == [(312, "1"), (623, "1"), (1000, None)]
    assert left[0]["tax_minor"] == 21
    assert [line["line_id"] for line in amounts.lowered(lines, 0, 1935)] == ["s"]
    assert amounts.lowered(lines, 1935, 1935) == lines


@pytest.mark.parametrize(
    ("text", "zone", "found"),
    [
        ("2026-10-01T09:42:10+02:00", "", "2026-10-01T07:42:10Z"),
        ("2026-10-01T07:42:10.123Z", "", "2026-10-01T07:42:10.123Z"),
        ("2026-10-01 09:42:10", "Europe/Amsterdam", "2026-10-01T07:42:10Z"),
        ("2026-10-25T02:30:00", "Europe/Amsterdam", "2026-10-25T00:30:00Z"),
        ("2026-10-01T07:42", "UTC", "2026-10-01T07:42:00Z"),
        ("2026-10-01T09:42:10+0200", "", "2026-10-01T07:42:10Z"),
        ("2022-07-13T20:30:59.037339943Z", "", "2022-07-13T20:30:59.037339Z"),
        ("2023-01-20T09:13:37+00+00", "", "2023-01-20T09:13:37Z"),
        ("2026-10-01 07:42:10 UTC", "", "2026-10-01T07:42:10Z"),
    ],
)
def test_moments_are_written_in_utc(text, zone, found):
    assert moments.utc(text, zone) == found


@pytest.mark.parametrize("value", ["", "today", "2026-13-01T00:00:00Z", "2026-10-01T07:42:10", "9" * 5_000, None, True,
                                   1, "0001-01-01T00:00:00+14:00", "2026-10-01T25:00:00Z"])  # fmt: skip
def test_what_is_no_moment_is_refused(value):
    with pytest.raises(ValueError):
        moments.utc(value)
    with pytest.raises(ValueError):
        moments.from_millis("1.5")


def test_versions_grow_with_their_moment():
    assert moments.version_of("1970-01-01T00:00:01Z") == 1_000_000
    assert moments.version_of("1960-01-01T00:00:01Z") == 0
    assert moments.from_seconds(1614265330) == "2021-02-25T15:02:10Z" == moments.from_millis(1614265330_000)


def test_ids_are_told_apart_by_system_and_account_and_always_fit():
    context = Context(Connection(MERCHANT, "front", "kassa", "K9"), program())
    nobody = Context(Connection(MERCHANT, "parse", "kassa"), program())
    assert ids.transaction_id(context, "kassa", "17", "other") == "kassa:K9:17"
    assert ids.transaction_id(nobody, "kassa", "17") == "kassa:17"
    long = ids.fitting("x" * 300)
    assert len(long) == 200
    assert long != ids.fitting("x" * 301)
    assert ids.fitting("a\nb") != ids.fitting("ab")
    assert ids.fitting("")


@pytest.mark.parametrize(("name", "found"), [("Statiegeld fles", True), ("Leeggoed bak", True), ("Bottle deposit", True), ("Einwegpfand 0,25", True),
                                             ("Pfandflasche", False), ("Deposit booking", False), ("Consigne verre", True), (None, False)])  # fmt: skip
def test_a_deposit_is_known_by_its_name(name, found):
    assert is_deposit(name) == found

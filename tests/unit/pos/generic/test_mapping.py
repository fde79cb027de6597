"""A mapping's mistakes are told at their place; what a body says that cannot be meant is told field by field."""

import json
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.program import Store
from stamgast.pos.connections import load_connections
from stamgast.pos.delivery import desk_context
from stamgast.pos.generic.adapter import MappedTill
from stamgast.pos.generic.trial import try_mapping
from stamgast.pos.mapping import Mapping
from stamgast.pos.problems import RefusedError
from stamgast.pos.webhook import FORM

PLAIN: dict[str, Any] = {
    "signature": {"scheme": "address"},
    "transaction_id": "$.id",
    "end_date_time": "$.at",
    "store": "$.shop",
    "gross": "$.total",
}
SALE: dict[str, Any] = {"id": 7, "at": "2026-10-01T09:42:00", "shop": "north", "total": "12.40"}


def tried(mapping: dict[str, Any], body: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return try_mapping(Mapping.model_validate(PLAIN | mapping), raw, {}, desk_context("generic"))


def test_mistakes_in_a_file_are_told_at_their_line_with_the_nearest_right_word(tmp_path: Path):
    (tmp_path / "pos").mkdir()
    text = """system: generic
mapping:
  signature: {scheme: hmac-sha265, header: X-Sig}
  transaction_id: "$.id"
  end_date_time: "$.at"
  stoer: "$.shop"
  store: "$.shop["
  gross: {path: "$.total", unit: cents}
"""
    (tmp_path / "pos" / "till.yaml").write_text(text)
    connections, problems = load_connections(tmp_path, {"north": Store("north", "Europe/Brussels")}, [])
    assert connections == []
    told = {each.line: f"{each.message} {each.hint}" for each in problems}
    assert "hmac-sha256" in told[3]
    assert "'store'" in told[6]
    assert "is no JSONPath" in told[7]
    assert "major" in told[8]


@pytest.mark.parametrize(
    "text",
    [
        "system: generic\n",
        "system: generic\nmapping: {signature: {scheme: token}}\n",
        "system: generic\nmapping: [1]\n",
    ],
)
def test_a_generic_connection_without_a_whole_mapping_is_none(tmp_path: Path, text: str):
    (tmp_path / "pos").mkdir()
    (tmp_path / "pos" / "till.yaml").write_text(text)
    connections, problems = load_connections(tmp_path, {}, [])
    assert connections == []
    assert problems


def test_a_time_without_an_offset_is_the_shops_and_numbers_are_read_as_declared():
    [sale] = tried({}, SALE).documents
    assert sale["end_date_time"] == "2026-10-01T07:42:00Z"
    assert sale["totals"] == {"gross_minor": 1240}
    for amount, how, minor in [
        ("1.250,50", {"decimal": ","}, 125_050),
        ("12,40-", {"decimal": ","}, -1240),
        ("€ 3", {}, 300),
        (1240, {"unit": "minor"}, 1240),
        (-3.2, {"sign": "opposite"}, 320),
        ("10.649999999999999", {}, 1065),
    ]:
        [sale] = tried({"gross": {"path": "$.total"} | how}, SALE | {"total": amount}).documents
        assert sale["totals"] == {"gross_minor": minor}, amount


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"total": "12,40"}, "gross", "is no number"),
        ({"total": "1.2.3"}, "gross", "is no number"),
        ({"total": True}, "gross", "is true or false"),
        ({"total": {}}, "gross", "is an object"),
        ({"total": "9" * 30}, "gross", "is no number"),
        ({"total": 1e300}, "gross", "larger than any amount"),
        ({"total": None}, "gross", "finds nothing"),
        ({"at": "yesterday"}, "end_date_time", "is no time"),
        ({"at": 10**40}, "end_date_time", "is no time"),
        ({"at": []}, "end_date_time", "is no time"),
        ({"shop": ""}, "store", "finds nothing"),
        ({"id": ["x"]}, "transaction_id", "is a list"),
    ],
)
def test_what_cannot_be_meant_is_told_of_its_field(change: dict[str, Any], field: str, said: str):
    trial = tried({}, SALE | change)
    assert trial.documents == []
    [problem] = [each for each in trial.problems if each["pointer"].endswith(field)]
    assert said in problem["detail"]
    assert any(each.field == field and said in each.wrong for each in trial.fields)


def test_words_are_those_that_the_mapping_names():
    status = {"path": "$.state", "words": {"klaar": "completed", "stop": "voided"}}
    assert tried({"status": status}, SALE | {"state": "stop"}).documents[0]["status"] == "voided"
    [problem] = tried({"status": status}, SALE | {"state": "weg"}).problems
    assert "'weg' is none of its words: klaar, stop" in problem["detail"]
    [problem] = tried({"status": "$.state"}, SALE | {"state": "weg"}).problems
    assert "say under `words` what it means" in problem["detail"]


@pytest.mark.parametrize("body", [b"", b"\xff", b"a;b\n", b'"a\nb', b"a,b\n" + b"1,2\n" * 100_001])
def test_what_is_no_csv_is_refused(body: bytes):
    with pytest.raises(RefusedError):
        tried({"format": "csv"}, body)


def test_a_csv_with_more_or_fewer_cells_than_columns_is_read_as_far_as_it_goes():
    csv = b"id,at,shop,total\n1,2026-10-01T09:42,north,3.20,x,y\n2,2026-10-01T09:43,north\n"
    trial = tried({"format": "csv"}, csv)
    assert [each["transaction_id"] for each in trial.documents] == ["1"]
    assert [each["pointer"] for each in trial.problems] == ["/0/gross"]


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00"])
def test_a_time_beyond_the_calendar_is_refused_at_its_place(written: str):
    body = json.dumps({"id": 7, "at": written, "shop": "north", "total": 3.2}).encode()
    mapping = Mapping.model_validate(PLAIN)

    trial = try_mapping(mapping, body, {"content-type": "application/json"}, desk_context("generic", zone="Asia/Tokyo"))

    assert [each["pointer"] for each in trial.problems] == ["/0/end_date_time"]
    assert "is no time" in trial.problems[0]["detail"]


def test_a_form_is_read_as_well():
    trial = try_mapping(
        Mapping.model_validate(PLAIN),
        b"id=7&at=2026-10-01T09:42&shop=north&total=3.20",
        {"content-type": FORM},
        desk_context("generic"),
    )
    assert trial.documents[0]["totals"] == {"gross_minor": 320}


def test_a_token_in_a_header_is_compared_whole():
    how = {"signature": {"scheme": "token", "header": "X-Token", "prefix": "Bearer "}}
    till = MappedTill(Mapping.model_validate(PLAIN | how))
    till.verify(b"{}", {"x-token": "Bearer s3cret"}, "", ["s3cret"], 0)
    for given in ("Bearer s3cre", "s3cret", "Bearer ", ""):
        with pytest.raises(ValueError, match="signature|signed"):
            till.verify(b"{}", {"x-token": given}, "", ["s3cret"], 0)

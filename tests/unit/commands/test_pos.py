"""`stamgast pos systems | parse | verify`, run as a developer runs them: with adapters that another package brings."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import T0
from tests.fakes.kassa import sign

ROOT = Path(__file__).parents[3]
SALE = {"number": "17", "version": 1, "at": "2026-10-01T07:42:10Z", "total": 12.4, "till": "T1", "phone": "0612345678"}
VISIT = {"id": 7, "version": 2, "at": "2026-10-01T07:42:10Z", "place": "north", "cents": 1240}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package that brings two systems by entry points."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "more_tills-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-tills\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[stamgast.pos]\nkassa = tests.fakes.kassa:Kassa\ndoorbell = tests.fakes.doorbell:Doorbell\n"
        "broken = tests.fakes.nowhere:Broken\n"
    )
    return folder


@pytest.fixture
def pos(installed: Path) -> Any:
    def run(*words: str, body: bytes | str | Any = b"") -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")}
        env["PYTHONPATH"] = os.pathsep.join([str(installed), str(ROOT), *sys.path])
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        command = [sys.executable, "-m", "stamgast.cli", "pos", *words]
        done = subprocess.run(command, env=env, input=raw, capture_output=True, check=False, timeout=180)
        assert b"Traceback" not in done.stderr
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def test_systems_tells_of_each_what_it_can_and_passes_over_one_that_is_broken(pos):
    done = pos("systems", "--json")

    listed = {each["id"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 0
    assert listed["kassa"] | {"signed": True, "thin": True, "poll": True, "knows_customer": True} == listed["kassa"]
    assert listed["doorbell"]["signed"] is listed["doorbell"]["verified"] is False
    assert "broken" not in listed
    assert "'broken' of more-tills cannot be loaded" in done.stderr
    assert "doorbell         unsigned, thin, poll" in pos("systems").stdout


def test_parse_prints_the_purchases_in_the_contracts_shape(pos):
    done = pos("parse", "kassa", "--account", "K9", body={"event": "sale", "sale": SALE})

    [purchase] = json.loads(done.stdout)
    assert done.returncode == 0
    assert purchase["transaction_id"] == "K9:17"
    assert purchase["totals"] == {"gross_minor": 1240}
    assert purchase["customer"] == {"phone": "0612345678"}
    assert "partial" not in purchase


@pytest.mark.parametrize(
    ("system", "body"),
    [("kassa", {"event": "ping"}), ("kassa", {"event": "refund", "number": "R1"}), ("doorbell", "ring=1")],
)
def test_what_is_no_purchase_and_what_has_to_be_read_again_print_an_empty_list(pos, system, body):
    done = pos("parse", system, body=body)

    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_refs_lists_what_has_to_be_read_again(pos):
    assert json.loads(pos("parse", "kassa", "--refs", body={"event": "sale", "sale": SALE}).stdout) == []
    refund = json.loads(pos("parse", "kassa", "--refs", body={"event": "refund", "number": "R1"}).stdout)
    assert refund == [{"kind": "refund", "id": "R1"}]


def test_a_body_without_the_whole_is_marked_and_listed(pos):
    body = {"visit": 7, "whole": VISIT}

    [purchase] = json.loads(pos("parse", "doorbell", body=body).stdout)
    assert purchase["partial"] is True
    assert json.loads(pos("parse", "doorbell", "--refs", body=body).stdout) == [{"kind": "visit", "id": "7"}]


def test_objects_of_an_api_are_read_one_or_many(pos):
    assert len(json.loads(pos("parse", "doorbell", "--object", "visit", body=VISIT).stdout)) == 1
    both = pos("parse", "doorbell", "--object", "visit", body=[VISIT, VISIT | {"id": 8}])
    assert [each["transaction_id"] for each in json.loads(both.stdout)] == [":7", ":8"]
    wrong = pos("parse", "doorbell", "--object", "vist", body=VISIT)
    assert wrong.returncode == 2
    assert "visit" in wrong.stderr


@pytest.mark.parametrize(
    ("system", "body", "said"),
    [
        ("kassa", b"", "the body is empty"),
        ("kassa", b'{"event": ', "is not JSON"),
        ("kassa", b"\xff\xfe{}", "is not JSON"),
        ("kassa", b"[" * 100_000, "is not JSON"),
        ("kassa", {"event": "sale"}, "this sale has no number"),
        ("kassa", {"event": "sale", "sale": SALE | {"total": "much"}}, "/0/sale: this sale lacks or misspells"),
        ("doorbell", {"visit": 7, "whole": VISIT | {"cents": 12.4}}, "/0/totals/gross_minor"),
        ("doorbell", ["no object at all"], "the adapter doorbell cannot read this: TypeError"),
    ],
)
def test_what_cannot_be_read_exits_with_1_and_says_why(pos, system, body, said):
    done = pos("parse", system, body=body)

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_an_unknown_system_is_misuse_and_the_nearest_is_named(pos):
    done = pos("parse", "kasa", body={})

    assert done.returncode == 2
    assert 'Did you mean "kassa"?' in done.stderr


def test_verify_tells_by_its_exit_whether_the_signature_holds(pos):
    raw = b'{"event":"ping"}'
    headers = [f"{name}: {value}" for name, value in sign(raw, "s3cret", T0).items()]
    given = [word for line in headers for word in ("--header", line)]

    def exits(*secrets: str, body: bytes = raw, now: str = str(T0), headers: list[str] = given) -> int:
        words = [word for secret in secrets for word in ("--secret", secret)]
        done = pos("verify", "kassa", *words, "--url", "https://shop.example", *headers, "--now", now, body=body)
        return int(done.returncode)

    assert exits("s3cret") == 0
    assert exits("old", "s3cret") == 0
    assert exits("s3cret", now=str(T0 // 1_000)) == 0
    assert exits("old") == 1
    assert exits("s3cret", body=raw + b" ") == 1
    assert exits("s3cret", headers=[]) == 1
    assert exits("s3cret", now="2031-01-01T00:00:00Z") == 1
    assert exits() == 2
    assert exits("s3cret", now="yesterday") == 2
    assert exits("s3cret", headers=["--header", "no colon"]) == 2


def test_verifying_what_is_never_signed_exits_with_2_and_says_so(pos):
    done = pos("verify", "doorbell", "--secret", "s", body={"visit": 7})

    assert done.returncode == 2
    assert "doorbell signs nothing" in done.stderr


def test_verifying_a_delivery_that_a_signing_system_does_not_sign_exits_with_2_and_says_so(pos):
    done = pos("verify", "mollie", "--secret", "s", body=b"id=tr_1")

    assert done.returncode == 2
    assert "unsigned by design" in done.stderr
    assert "Traceback" not in done.stderr


RECIPES = ROOT / "docs" / "pos" / "recipes"
CSV = "Bon;Datum;Tijd;Kassa;Artikel;Omschrijving;Groep;Aantal;Bedrag;BTW;Klant\n"


def test_try_shows_field_by_field_what_a_mapping_understands_and_misses(pos):
    row = "1;01-10-2026;09:42;1;B1;Brood;brood;1;{};6;\n"
    done = pos("try", str(RECIPES / "cash-register-csv.yaml"), body=CSV + row.format("3,20"))
    assert done.returncode == 0, done.stderr
    assert "lines/0/gross" in done.stdout
    assert "320" in done.stdout
    assert "1 purchase or refund is understood" in done.stdout
    wrong = pos("try", str(RECIPES / "cash-register-csv.yaml"), "--json", body=CSV + row.format("gratis"))
    told = json.loads(wrong.stdout)
    assert wrong.returncode == 1
    assert told["purchases"] == []
    assert "'gratis' is no number" in told["problems"][0]["detail"]
    assert pos("try", str(RECIPES / "cash-registr-csv.yaml")).returncode == 2
    assert "cash-register-csv.yaml" in pos("try", str(RECIPES / "cash-registr-csv.yaml")).stderr

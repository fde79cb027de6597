"""What is kept is written down: of one customer for whoever asks, and of all of a merchant's."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stamgast.settings import Settings
from tests.conftest import eventually
from tests.integration.asking import asked
from tests.integration.web.conftest import MERCHANT, environment
from tests.integration.web.shop import JAN, bread


@pytest.fixture
def exported(settings: Settings, tmp_path: Path) -> Callable[..., Any]:
    """Write something down; what the command says."""

    async def write(*options: str, code: int = 0) -> Any:
        words = ("export", "--merchant", MERCHANT, *options, "--json")
        ended, said = await asyncio.to_thread(asked, words, tmp_path, environment(settings))
        assert ended == code, said
        return json.loads(next(line for line in reversed(said.splitlines()) if line.startswith("{")))

    return write


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
async def test_whoever_asks_gets_all_that_is_kept_of_them_with_the_proofs(web, worker, exported, tmp_path):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    batch = [bread(number, {"membership_number": "M-100"}, days_ago=7 - number) for number in range(7)]
    assert (await web.post("/purchases", batch)).status_code == 202
    await web.post("/customers", {"phone": "0687654321", "first_name": "Bram"})
    await web.post("/purchases", bread(99, {"phone": "0611111112"}, days_ago=1))
    await web.message("+31612345678", "=Leuke winkel")

    async def with_voucher() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        answer = await web.get(f"/customers/{customer}")
        return answer.status_code == 200 and answer.json()["vouchers"]

    (voucher,) = await eventually(with_voucher, seconds=60)
    told = await exported("--customer", "06 12345678", "--to", str(tmp_path / "one"))
    assert told["customer"] == customer
    assert told["profile"]["name"] == "Jan Jansen-Zandstra"
    assert [(each["channel"], each["wording_version"], each["source"]) for each in told["consents"]] == [
        ("whatsapp", "2026-01", "counter"),
        ("sms", "2026-01", "counter"),
    ]
    assert [(each["transaction"], each["spend_minor"]) for each in told["purchases"]] == [
        (f"till1:{number}", 350) for number in range(7)
    ]
    assert [each["text"] for each in told["replies"]] == ["=Leuke winkel"]
    assert any(each["kind"] == "voucher" for each in told["facts"])
    assert voucher["code"] not in json.dumps(told)
    assert json.loads((tmp_path / "one" / "customer.json").read_text()) == told
    (profile,) = rows(tmp_path / "one" / "profile.csv")
    assert (profile["phone"], profile["purchases"], profile["birthday"]) == ("'+31612345678", "7", "1988-10-21")
    assert [each["text"] for each in rows(tmp_path / "one" / "replies.csv")] == ["'=Leuke winkel"]
    assert (tmp_path / "one" / "profile.csv").stat().st_mode & 0o077 == 0

    told = await exported("--to", str(tmp_path / "all"))
    assert (told["rows"]["customers.jsonl"], told["rows"]["profile.csv"]) == (3, 3)
    assert (told["rows"]["purchases.csv"], told["rows"]["receipts.jsonl"]) == (8, 8)
    everybody = [json.loads(line) for line in (tmp_path / "all" / "customers.jsonl").read_text().splitlines()]
    assert {each["customer"] for each in rows(tmp_path / "all" / "profile.csv")} == {
        each["customer"] for each in everybody
    }
    assert "is not empty" in (await exported("--to", str(tmp_path / "all"), code=1))["error"]
    assert "--to FOLDER" in (await exported(code=2))["error"]
    assert "knows no customer" in (await exported("--customer", "0698989898", code=1))["error"]

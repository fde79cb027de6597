"""Lists come in by `stamgast import`: through Kafka into the state, once, whatever is killed in between."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stamgast.domain.events import ConsentChanged, Enrolled
from stamgast.identity.ids import Identifier
from stamgast.identity.proofs import Proof, open_proof
from stamgast.settings import Settings
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.asking import asked
from tests.integration.web.conftest import MERCHANT, environment
from tests.integration.web.shop import bread, events


@pytest.fixture
def imported(settings: Settings, tmp_path: Path) -> Callable[..., Any]:
    """Bring a list in; what the command answers."""

    async def bring(name: str, content: str | bytes = b"", *options: str, code: int = 0) -> Any:
        path = tmp_path / name
        if content:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        words = ("import", str(path), "--merchant", MERCHANT, "--json", *options)
        ended, said = await asyncio.to_thread(asked, words, tmp_path, environment(settings))
        assert ended == code, said
        return json.loads(next(line for line in reversed(said.splitlines()) if line.startswith("{")))

    return bring


def last_year(number: int) -> str:
    return (datetime.now(UTC) - timedelta(days=400 - number)).strftime("%d-%m-%Y")


async def shown(web: Any, customer: str) -> Any:
    answer = await web.get(f"/customers/{customer}")
    return answer.json() if answer.status_code == 200 else {}


async def found(web: Any, phone: str) -> str:
    customer = await web.parts.identities.customer_of(MERCHANT, Identifier("phone", phone))
    assert customer is not None
    return str(customer)


@pytest.mark.slow
async def test_last_years_sales_change_what_is_known_and_give_nothing_however_often_they_come(web, worker, imported):
    joined = await web.post("/customers", {"phone": "0612345678"})
    customer = joined.json()["customer"]
    rows = "".join(f'{last_year(number)} 09:15;"3,50";06 12345678;dok-noord;bread\r\n' for number in range(20))
    wrong = '31-31-2025;"1,00";0612345678;dok-noord;bread\r\n' + f"{last_year(1)};1,00;12;dok-noord;bread\r\n"
    content = ("Datum;Bedrag;GSM;Winkel;Categorie\r\n" + rows + wrong).encode("cp1252")
    told = await imported("sales.csv", content)
    assert (told["rows"], told["accepted"], told["kind"]) == (22, 20, "purchases")
    assert [each["line"] for each in told["rejected"]] == [22, 23]
    assert "phone" in told["rejected"][1]["reason"]

    async def known() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        document = await shown(web, customer)
        return document.get("purchases") == 20 and document

    document = await eventually(known, seconds=60)
    assert (document["spend"], document["visits"], document["vouchers"]) == (7000, 20, [])
    assert (document["stamps"], document["cards_completed"]) == ({"bread": 0}, {"bread": 0})
    assert (await imported("sales.csv"))["accepted"] == 20
    assert (await web.post("/purchases", bread(1, {"phone": "0612345678"}, days_ago=0))).status_code == 202

    async def with_one_more() -> Any:
        document = await shown(web, customer)
        return document["stamps"] == {"bread": 1} and document

    document = await eventually(with_one_more, seconds=60)
    assert (document["purchases"], document["spend"]) == (21, 7350)


async def test_customers_come_in_with_the_proofs_of_what_they_agreed_to(web, imported):
    told = await imported(
        "members.csv",
        "phone;first_name;birthday;purpose;channel;consent_at;consent_how;joined\n"
        "0612345678;Anna;21-10-1988;marketing;sms;15-02-2024;paper form;1-2-2020\n"
        "0687654321;Bram;;marketing;sms+whatsapp;15-02-2024;paper form;\n"
        "0687654321;Bram;;;;;;\n12;Nobody;;;;;;\n",
    )
    assert (told["rows"], told["accepted"]) == (4, 3)
    assert [each["line"] for each in told["rejected"]] == [5]
    customer = await found(web, "+31612345678")
    profile = await web.parts.identities.profile(MERCHANT, customer)
    assert (profile.first_name, profile.birthday, profile.phone) == ("Anna", "1988-10-21", "+31612345678")
    consent, enrolled = [each for each in await events(web) if each.customer == customer]
    assert isinstance(consent, ConsentChanged)
    assert isinstance(enrolled, Enrolled)
    key = await web.parts.identities.key_of(MERCHANT, customer)
    assert open_proof(key, (MERCHANT, customer), consent.proof) == Proof("paper form", "paper form")
    assert 0 < enrolled.since < consent.since < consent.at


async def test_who_is_known_is_completed_and_keeps_what_they_have_said_since(web, imported):
    given = {"purpose": "marketing", "channel": "sms", "wording_version": "2026"}
    joined = await web.post("/customers", {"phone": "0612345678", "first_name": "Anna", "consents": [given]})
    customer = joined.json()["customer"]
    await web.post("/customers", {"phone": "0612345678", "consents": [{**given, "granted": False}]})
    await web.message("+31687654321", "STOP")
    content = (
        "phone;first_name;language;marketing_sms;marketing_whatsapp;consent_how;stop\n"
        "0612345678;Annette;fr;yes;yes;paper;\n0687654321;Bram;nl;yes;;paper;\n0611111112;Cas;nl;yes;;paper;yes\n"
    )
    assert (await imported("members.csv", content))["accepted"] == 3
    profile = await web.parts.identities.profile(MERCHANT, customer)
    assert (profile.first_name, profile.language) == ("Anna", "fr")
    mine = [each for each in await events(web) if each.customer == customer and isinstance(each, ConsentChanged)]
    assert [(each.channel, each.granted) for each in mine] == [("sms", True), ("sms", False), ("whatsapp", True)]
    for phone in ("+31687654321", "+31611111112"):
        customer = await found(web, phone)
        kinds = [type(each).__name__ for each in await events(web) if each.customer == customer]
        assert "OptedOut" in kinds, kinds
    many = len(await events(web))
    assert (await imported("members.csv"))["accepted"] == 3
    assert len(await events(web)) == many


async def killed_after(path: Path, *, steps: int, settings: Settings) -> int:
    """How many rows a process had noted when it was killed."""
    noted = path.with_name(f"{path.name}.import-progress")
    words, log = ("import", str(path), "--merchant", MERCHANT, "--json"), path.with_name("killed.log")
    process = commands.started("import", *words, log=log, env=os.environ | environment(settings))
    await eventually(lambda: noted.exists() and noted.read_bytes().count(b"\n") > steps, seconds=120)
    process.kill()
    found = [json.loads(line) for line in noted.read_bytes().split(b"\n")[1:] if line.endswith(b"}")]
    return sum(step["units"] for step in found)


@pytest.mark.slow
async def test_a_list_that_was_killed_half_way_goes_on_and_doubles_nothing(web, settings, imported, tmp_path):
    count = 6_000
    rows = "".join(f"{last_year(number % 300)},{number % 90 + 1}.25,M-{number % 500}\n" for number in range(count))
    path = tmp_path / "sales.csv"
    path.write_text("date,amount,membership_number\n" + rows)
    noted = tmp_path / "sales.csv.import-progress"
    done = await killed_after(path, steps=2, settings=settings)
    assert 0 < done < count
    first = [key for key, _ in await web.records(web.topics.purchases)]
    assert len(first) >= done
    told = await imported("sales.csv")
    assert (told["rows"], told["accepted"], told["skipped"], told["rejected"]) == (count, count, done, [])
    assert not noted.exists()
    records = [key for key, _ in await web.records(web.topics.purchases)]
    assert len(set(records)) == count
    assert len(records) == len(first) + count - done  # what Kafka acknowledged and was noted was not sent again


async def test_a_file_that_is_no_list_and_a_list_of_nothing_say_so(web, imported, tmp_path):
    (tmp_path / "empty.csv").touch()
    assert "the file is empty" in (await imported("empty.csv", code=1))["error"]
    told = await imported("heading.csv", "date;amount\r\n")
    assert (told["rows"], told["accepted"], told["rejected"]) == (0, 0, [])
    assert (await imported("wrong.csv", "date;amount\nx;y\n", code=1))["accepted"] == 0


@pytest.mark.slow
async def test_members_of_a_list_that_was_killed_are_all_told_and_nobody_becomes_two(web, settings, imported, tmp_path):
    count = 2_200
    path = tmp_path / "members.csv"
    rows = "".join(f"06{12_000_000 + number * 7};Anna;yes;paper\n" for number in range(count))
    path.write_text("phone;first_name;marketing_sms;consent_how\n" + rows)
    done = await killed_after(path, steps=1, settings=settings)
    assert 0 < done < count
    told = await imported("members.csv")
    assert (told["rows"], told["accepted"], told["skipped"]) == (count, count, done)
    joined = Counter(each.customer for each in await events(web) if isinstance(each, Enrolled))
    agreed = Counter(each.customer for each in await events(web) if isinstance(each, ConsentChanged))
    assert len(joined) == len(agreed) == count
    assert sum(times > 1 for times in joined.values()) <= 500  # of the batch that was cut short alone

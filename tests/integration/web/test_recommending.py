"""What customers buy next: from what tills tell to what is in force, by the command that a shop runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stamgast.programs.publish import newest_bundles, publish
from stamgast.programs.record import load_record
from stamgast.settings import Settings
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import CONFIG, MERCHANT, Web, environment
from tests.integration.web.shop import bread, events

pytestmark = pytest.mark.slow

CUSTOMERS = 60


async def command(settings: Settings, *words: str, code: int = 0) -> Any:
    done = await commands.asked("recommend", *words, "--json", env=environment(settings))
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr + done.stdout


def bought(number: int, who: int, sku: str, days_ago: int, name: str) -> dict[str, Any]:
    sale = bread(number, {"membership_number": f"M-{who}"}, days_ago=days_ago)
    sale["line_items"] = [sale["line_items"][0] | {"sku": sku, "name": name}]
    return sale


def a_shops_past() -> list[dict[str, Any]]:
    """Three of four who buy rye buy butter next, and so on; the others buy water."""
    goods = {"RYE": "BUTTER", "TART": "COFFEE", "BUN": "JAM", "CAKE": "TEA"}
    sales: list[dict[str, Any]] = []
    for who in range(CUSTOMERS):
        first, then = [*goods.items()][who % 4]
        then = then if who // 4 % 4 else "WATER"
        days = 70 - who
        sales.append(bought(2 * who, who, first, days + 4, f"The {first.lower()}"))
        sales.append(bought(2 * who + 1, who, then, days, f"The {then.lower()}"))
    return sales


async def test_what_is_bought_next_is_counted_published_and_stays_when_files_are_published(
    web: Web, worker: Any, web_settings: Settings
) -> None:
    for start in range(0, 2 * CUSTOMERS, 60):
        assert (await web.post("/purchases", a_shops_past()[start : start + 60])).status_code in {200, 202, 207}

    async def applied() -> bool:
        return sum(hasattr(each, "transaction") for each in await events(web)) >= 2 * CUSTOMERS

    await eventually(applied, seconds=60, why="all purchases are told to their customers")
    nobody = await command(web_settings, "show", MERCHANT, "RYE", code=1)
    assert "recommend fit" in nobody

    found = await command(web_settings, "fit", "--merchant", MERCHANT)
    assert found["published"], found
    assert (found["products_bought"], found["purchases"], found["customers"]) == (9, 2 * CUSTOMERS, CUSTOMERS)
    assert found["products"] == 4
    assert found["hit_rate"] is None or found["hit_rate"] >= found["baseline"]

    shown = await command(web_settings, "show", MERCHANT, "RYE")
    assert [each["sku"] for each in shown["next"]][:1] == ["BUTTER"]
    assert shown["next"][0]["name"] == "The butter"
    unknown = await command(web_settings, "show", MERCHANT, "RYF", code=1)
    assert "did you mean RYE" in unknown

    again = await command(web_settings, "fit", "--merchant", MERCHANT, "--force")
    assert (again["version"], again["barrier"]) == (found["version"], found["barrier"]), "the same log gives the same"

    await publish(web.bootstrap, web.topics.programs, [CONFIG / MERCHANT], 1)
    newest = (await newest_bundles(web.bootstrap, web.topics.programs))[MERCHANT]
    assert load_record(newest.record).program.goods.fitted.version == found["version"]

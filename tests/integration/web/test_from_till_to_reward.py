"""The whole way with a real worker: purchases over HTTP, a full card, a voucher, its redemption at the till."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from stamgast.processes import ChildProcess
from stamgast.settings import Settings
from tests.conftest import RUN_DIR, eventually
from tests.integration.web.conftest import MERCHANT

RUN = "from stamgast.cli import main; main()"


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give another process the same settings."""
    names = ("kafka_bootstrap", "redis_url", "topic_prefix", "partitions", "group_prefix")
    given = {name: getattr(settings, name) for name in (*names, "id_key", "wrapping_keys", "public_url")}
    env = {
        f"STAMGAST_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
    }
    return env | {"PATH": ""}


@pytest.fixture
def worker(web_settings: Settings, published: None, tmp_path: Any) -> Iterator[ChildProcess]:
    env = environment(web_settings)
    process = ChildProcess("worker", [sys.executable, "-c", RUN, "worker"], log=RUN_DIR / "web-worker.log", env=env)
    yield process
    process.stop()


def bread(number: int, customer: dict[str, str], *, days_ago: int) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return {
        "transaction_id": f"till1:{number}",
        "source_version": 1,
        "status": "completed",
        "end_date_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "store": {"retail_store_id": "dok-noord"},
        "customer": customer,
        "price_currency": "EUR",
        "totals": {"gross_minor": 350},
        "line_items": [{"line_id": "1", "sku": "BROOD", "category": "bread", "quantity": "1", "gross_minor": 350}],
    }


@pytest.mark.slow
async def test_seven_loaves_give_one_that_a_till_redeems_once(web, worker):
    joined = await web.post("/customers", {"phone": "0612345678", "language": "nl"})
    customer = joined.json()["customer"]
    batch = [bread(n, {"phone": "+31612345678"}, days_ago=7 - n) for n in range(7)]
    assert (await web.post("/purchases", batch)).status_code == 202

    async def voucher() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        answer = await web.get(f"/customers/{customer}")
        return answer.status_code == 200 and answer.json()["vouchers"]

    [found] = await eventually(voucher, seconds=60)
    assert found["reward"] == "free_loaf"
    shown = (await web.get(f"/customers/{customer}")).json()
    assert (shown["purchases"], shown["spend"], shown["stamps"]) == (7, 2450, {"bread": 0})
    assert shown["cards_completed"] == {"bread": 1}

    path = f"/vouchers/{found['code']}/redemptions"
    first = await web.post(path, {"store": "dok-noord"}, Idempotency_Key="receipt-1")
    assert (first.status_code, first.json()["reward"]) == (200, "free_loaf"), first.text
    again = await web.post(path, {"store": "dok-noord"}, Idempotency_Key="receipt-1")
    assert again.json() == first.json()
    other = await web.post(path, {"store": "dok-noord"}, Idempotency_Key="receipt-2")
    assert other.status_code == 409, other.text
    assert (await web.get(f"/customers/{customer}")).json()["vouchers"] == []
    foreign = path.replace(found["code"][-4:], "AAAA")
    assert (await web.post(foreign, {}, Idempotency_Key="receipt-3")).status_code == 404
    assert MERCHANT in joined.headers["location"]

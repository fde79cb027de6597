"""`stamgast rules why` and the live state of a real worker: what it says of a customer who earned a loaf."""

import json
from typing import Any

import pytest

from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import environment
from tests.integration.web.shop import bread


async def why(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = await commands.asked("rules", "why", *arguments, env=env)
    return done.returncode, done.stdout


@pytest.mark.slow
async def test_why_says_what_a_rule_did_and_what_withheld_its_message(web, worker, web_settings):
    joined = await web.post("/customers", {"phone": "0612345678", "language": "nl"})
    batch = [bread(n, {"phone": "+31612345678"}, days_ago=7 - n) for n in range(6)]
    assert (await web.post("/purchases", batch)).status_code == 202

    async def six() -> bool:  # or else one of last week's could be the one that fills the card, and that is late news
        shown = await web.get(f"/customers/{joined.json()['customer']}")
        return shown.status_code == 200 and shown.json()["purchases"] == 6

    await eventually(six, seconds=60)
    assert (await web.post("/purchases", bread(6, {"phone": "+31612345678"}, days_ago=0))).status_code == 202
    env = environment(web_settings)

    async def fired() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        code, told = await why(env, "bakkerij-noord", "0612345678", "--rule", "free-loaf", "--json")
        rule = json.loads(told)["rules"][0] if code == 0 else {}
        return rule if rule.get("fired_for") else None

    rule = await eventually(fired, seconds=60, every=1)
    assert rule["fired_for"] == ["card:bread:1"]
    assert {each["says"]: each["met"] for each in rule["conditions"]}["visits at least 3"] is True
    (activation,) = rule["activations"]
    assert (activation["status"], activation["reason"]) == ("suppressed", "no_consent")
    code, told = await why(env, "bakkerij-noord", "0612345678")
    assert code == 0
    assert "the customer has not agreed to messages" in told
    assert (await why(env, "bakkerij-noord", "0612345678", "--rule", "free-lof"))[0] == 1
    assert (await why(env, "bakkerij-nord", "0612345678"))[0] == 1
    assert (await why(env, "bakkerij-noord", "0612345679"))[0] == 1

"""The whole engine on a Kafka and a Redis with locks on, each part with what docs/operations.md gives it and no more."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from pydantic import SecretStr

from stamgast.broker import kafka_of
from stamgast.local.kafka_jars import JarKafka, fetch_jars
from stamgast.local.redis_server import find_program
from stamgast.log.address import aiokafka_at
from stamgast.log.topics import Topics
from stamgast.producing import Producing
from stamgast.settings import Settings
from tests.conftest import RUN_DIR, eventually
from tests.integration.deployment import MERCHANT, Deployment
from tests.integration.locked import (
    PASSWORD,
    USERS,
    Authority,
    LockedKafka,
    LockedRedis,
    allow,
    documented_acls,
    giving_tokens,
)
from tests.integration.proofs.forge import Forged

pytestmark = [pytest.mark.multi_worker, pytest.mark.slow]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def locked(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedKafka]:
    if why := JarKafka.why_not():
        pytest.skip(why)
    broker = LockedKafka(fetch_jars(RUN_DIR), tmp_path_factory.mktemp("kafka"), authority)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def guarded(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedRedis]:
    server = LockedRedis(find_program(), tmp_path_factory.mktemp("redis"), authority)
    server.start()
    yield server
    server.kill()


class Locked(Deployment):
    """Web, worker and commands come in each under its own name."""

    def _process(self, name: str, *words: str) -> Forged:
        user = words[0] if words[0] in USERS else "commands"
        given, self.env = self.env, self.env | {"STAMGAST_KAFKA_USERNAME": user}
        try:
            return super()._process(name, *words)
        finally:
            self.env = given

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.done(*words)

    def as_user(self, user: str) -> str:
        return kafka_of(self._settings().model_copy(update={"kafka_username": user}))


@pytest.fixture(params=["SCRAM-SHA-512", "OAUTHBEARER"])
def shop(
    request: pytest.FixtureRequest, locked: LockedKafka, guarded: LockedRedis, authority: Authority, tmp_path: Path
) -> Iterator[Locked]:
    topics = Topics(2, prefix=f"l{uuid.uuid4().hex[:8]}.")
    allow(locked.inner, documented_acls(topics))
    guarded.empty()
    made = Locked(locked.address, guarded.url, topics, tmp_path)
    with giving_tokens(dict.fromkeys(USERS, PASSWORD), for_s=20) as (url, _given):
        made.env |= {
            "STAMGAST_KAFKA_SECURITY": "SASL_SSL",
            "STAMGAST_KAFKA_MECHANISM": request.param,
            "STAMGAST_KAFKA_USERNAME": "commands",
            "STAMGAST_KAFKA_PASSWORD": PASSWORD,
            "STAMGAST_KAFKA_CA_FILE": str(authority.ca_file),
            "STAMGAST_KAFKA_OAUTH_URL": url,
            "STAMGAST_SIGNED_SINCE": "2026-01-01T00:00:00Z",
            "STAMGAST_PROVEN_SINCE": "2026-01-01T00:00:00Z",
            "STAMGAST_REPLICATION_FACTOR": "1",
        }
        yield made


async def test_everything_works_with_its_own_name_and_rights(shop: Locked, authority: Authority):
    try:
        created = shop.command("topics", "create")
        assert created.returncode == 0, created.stderr
        await shop.start()
        await shop.enrol(1)
        await shop.buy(range(1, 2))
        await eventually(partial(_has_sent, shop, 1), seconds=60, every=0.2, why="a message left")

        sale = {
            "transaction_id": "till:own", "source_version": 1, "status": "completed",
            "end_date_time": "2026-10-01T07:59:20Z", "store": {"retail_store_id": "hoek"}, "price_currency": "EUR",
            "totals": {"gross_minor": 500}, "line_items": [{"line_id": "1", "gross_minor": 500}],
        }  # fmt: skip
        made = shop.command("keys", "create", MERCHANT, "--scope", "produce", "--json")
        assert made.returncode == 0, made.stderr
        producer = AIOKafkaProducer(**aiokafka_at(shop.as_user("shop")))
        await producer.start()
        own = Producing(MERCHANT, json.loads(made.stdout)["key"])
        await producer.send_and_wait(shop.topics.purchases, **own.record(sale))
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(shop.topics.api_keys, b"{}", b"made up")
        await producer.stop()

        async def verified() -> bool:
            done = shop.command("verify", "--json")
            assert done.returncode in (0, 1), done.stderr
            found = json.loads(done.stdout)
            return done.returncode == 0 and found["transactions"] == 2

        await eventually(verified, seconds=60, every=0.5)
        log = "\n".join(file.read_text() for file in shop.folder.glob("*.log"))
        assert "Traceback" not in log
        assert "AuthorizationFailed" not in log
        assert PASSWORD not in log
    finally:
        await shop.end()


async def _has_sent(shop: Deployment, count: int) -> bool:
    return len(await shop.messages()) == count


@pytest.mark.parametrize(
    "wrong",
    [
        {"STAMGAST_KAFKA_PASSWORD": "another"},
        {"STAMGAST_KAFKA_CA_FILE": ""},
        {"STAMGAST_KAFKA_SECURITY": "PLAINTEXT"},
    ],
    ids=["password", "authority", "no lock"],
)
def test_who_may_not_come_in_is_told_so(shop: Locked, wrong: dict[str, str]):
    shop.env |= wrong
    refused = shop.command("topics", "create")
    assert refused.returncode == 1
    assert "no Kafka broker answers at" in refused.stderr or "broke off" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert PASSWORD not in refused.stderr


def test_settings_that_let_nobody_in_are_refused():
    def settings(**given: object) -> Settings:
        return Settings(_env_file=None, **given)  # type: ignore[arg-type]  # as variables are read

    named = {"kafka_username": "web", "kafka_password": SecretStr("x")}
    with pytest.raises(ValueError, match="needs STAMGAST_KAFKA_USERNAME"):
        settings(kafka_security="SASL_SSL")
    for mechanism in ("PLAIN", "OAUTHBEARER"):
        with pytest.raises(ValueError, match="use STAMGAST_KAFKA_SECURITY=SASL_SSL"):
            settings(kafka_security="SASL_PLAINTEXT", kafka_mechanism=mechanism, **named)
    with pytest.raises(ValueError, match="an https URL that gives out tokens"):
        settings(
            kafka_security="SASL_SSL", kafka_mechanism="OAUTHBEARER", kafka_oauth_url="http://auth.example", **named
        )
    with pytest.raises(ValueError, match="/not/there.pem: No such file"):
        settings(kafka_security="SSL", kafka_ca_file="/not/there.pem")

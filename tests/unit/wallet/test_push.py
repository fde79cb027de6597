"""Waking a device at a real HTTP/2 server: what each answer of Apple's means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from stamgast.wallet.answers import Answer, Came
from stamgast.wallet.apple.certificates import read_apple
from stamgast.wallet.apple.push import Waker
from tests.fakes.apns import Apns, Says
from tests.fakes.apple_files import PASS_TYPE, settings_of, write

NOW = 1_790_848_800_000
DEVICE = "ab" * 32


@pytest.fixture
def apns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Apns]:
    server = Apns(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca))
    yield server
    server.end()


@pytest.fixture
async def waker(apns: Apns, tmp_path: Path) -> AsyncIterator[Waker]:
    given = write(tmp_path, password="s3cret") | {
        "wallet_apple_push_url": apns.url,
        "wallet_apple_key_password": "s3cret",
    }
    account, wrong = read_apple(settings_of(given), NOW)
    assert account is not None, wrong
    made = Waker(account, within_s=5, wall=lambda: NOW / 1_000)
    yield made
    await made.close()


async def test_a_push_says_nothing_and_comes_with_the_certificate_of_the_passes(apns: Apns, waker: Waker):
    assert await waker.wake(DEVICE) == Answer(Came.TAKEN)
    (pushed,) = apns.pushed
    assert (pushed.token, pushed.body) == (DEVICE, b"{}")
    assert (pushed.headers["apns-topic"], pushed.headers[":method"]) == (PASS_TYPE, "POST")
    assert f"userId={PASS_TYPE}" in pushed.subject


async def test_many_go_over_one_connection(apns: Apns, waker: Waker):
    for number in range(20):
        assert (await waker.wake(f"{number:064x}")).came is Came.TAKEN
    assert (len(set(apns.tokens)), apns.connections) == (20, 1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ((410, "Unregistered"), Answer(Came.GONE, "APNs answers 410 Unregistered")),
        ((400, "BadDeviceToken"), Answer(Came.GONE, "APNs answers 400 BadDeviceToken")),
        ((429, "TooManyRequests", {"retry-after": "7"}), Answer(Came.THROTTLED, "APNs answers 429 TooManyRequests", 7)),
        ((503, "ServiceUnavailable"), Answer(Came.LATER, "APNs answers 503 ServiceUnavailable")),
        ((500, ""), Answer(Came.LATER, "APNs answers 500")),
        ((403, "BadCertificate"), Answer(Came.UNFIT, "APNs answers 403 BadCertificate")),
        ((400, "TopicDisallowed"), Answer(Came.UNFIT, "APNs answers 400 TopicDisallowed")),
        ((400, "PayloadEmpty"), Answer(Came.REFUSED, "APNs answers 400 PayloadEmpty")),
        ((400, "<script> " + DEVICE), Answer(Came.REFUSED, "APNs answers 400")),
    ],
)
async def test_what_an_answer_means(apns: Apns, waker: Waker, said: Says, meant: Answer):
    apns.says = lambda _pushed: said
    assert await waker.wake(DEVICE) == meant


async def test_nobody_there_is_later_and_a_new_connection_is_made_when_it_is_back(apns: Apns, waker: Waker):
    assert (await waker.wake(DEVICE)).came is Came.TAKEN
    apns.end()
    answer = await waker.wake(DEVICE)
    assert answer.came is Came.LATER
    assert DEVICE not in answer.why


async def test_a_server_that_nobody_vouches_for_is_not_told(apns: Apns, waker: Waker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert await waker.wake(DEVICE) == Answer(Came.LATER, "APNs cannot be reached: ConnectError")
    assert apns.pushed == []

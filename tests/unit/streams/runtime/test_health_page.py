"""Health and figures of a worker: where they are served, and to whom."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from stamgast.local.processes import free_port
from streams.metrics import Metrics
from streams.runtime.watchdog import Watchdog

TOKEN = "a-token-of-many-characters"
WAITING = "Kafka: no broker answers"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def watched(token: str = "") -> Iterator[str]:
    figures = Metrics(CollectorRegistry())
    watchdog = Watchdog([], figures, start_limit_s=60, stall_limit_s=60, missing=lambda: [WAITING])
    port = free_port()
    watchdog.start("127.0.0.1", port, token)
    yield f"http://127.0.0.1:{port}"
    watchdog.stop()


def ask(url: str, token: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with OPENER.open(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_without_the_token_one_learns_whether_and_not_why():
    with watched(TOKEN) as url:
        assert ask(f"{url}/healthz") == (200, "ok\n")
        assert ask(f"{url}/readyz") == (503, "not now\n")
        assert ask(f"{url}/metrics")[0] == 401
        assert ask(f"{url}/metrics", TOKEN[:-1])[0] == 401
        assert WAITING in ask(f"{url}/readyz", TOKEN)[1]
        assert "stamgast_loop_lag_seconds" in ask(f"{url}/metrics", TOKEN)[1]


def test_on_loopback_no_token_is_asked_for():
    with watched() as url:
        assert WAITING in ask(f"{url}/readyz")[1]
        assert "stamgast_loop_lag_seconds" in ask(f"{url}/metrics")[1]

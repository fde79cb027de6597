"""A contract holds for every broker that we run on: the one of this run, and the trial's embedded one."""

import pytest

from stamgast.local.brokers import Broker


@pytest.fixture(scope="module", params=["this run's broker", "embedded"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each of them in turn."""
    found: Broker = request.getfixturevalue("embedded_kafka" if request.param == "embedded" else "kafka")
    return found

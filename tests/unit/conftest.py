"""Hypothesis: the same examples in every run. `HYPOTHESIS_PROFILE=hunt` draws new ones, and many more of them."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("hunt", settings.get_profile("steady"), derandomize=False, max_examples=2_500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def _logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command sends logs to its own standard error: the next test must not find them there, nor loggers made for it."""
    root, configure, was = logging.getLogger(), structlog.configure, structlog.get_config()
    handlers, level, configured = [*root.handlers], root.level, structlog.is_configured()

    def without_cache(**options: Any) -> None:
        configure(**{**options, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", without_cache)
    yield
    for handler in [*root.handlers]:
        if type(handler) is logging.StreamHandler and handler not in handlers:
            root.removeHandler(handler)
    root.setLevel(level)
    if configured:
        configure(**was)
    else:
        structlog.reset_defaults()

"""Prices are asked for by a process of its own, for ever, whatever breaks."""

from __future__ import annotations

import asyncio

import pytest

from stamgast.report.asking import PriceFigures, ask_for_ever
from stamgast.report.prices import Asked
from tests.conftest import eventually
from tests.fakes.clock import StillClock


class HopelessError(ValueError):
    """A setting is wrong."""


async def test_what_breaks_is_counted_and_tried_again_and_what_never_comes_right_ends_it() -> None:
    rounds: list[Asked | Exception] = [
        OSError("no broker"),
        Asked(told=3, not_known_yet=2, without_rate={"USD": 4}, left=1),
        RuntimeError("the log was cut"),
        Asked(told=5, away=True),
        HopelessError("no key"),
    ]

    async def ask() -> Asked:
        came = rounds.pop(0)
        if isinstance(came, Exception):
            raise came
        return came

    figures = PriceFigures()
    with pytest.raises(HopelessError):
        await ask_for_ever(ask, 0, figures, StillClock(1_000_000), hopeless=HopelessError)
    text = figures.text().decode()
    assert "stamgast_prices_failures_total 3.0" in text, "two that broke off, and a carrier that was away"
    for came, count in (("told", 8), ("not_known_yet", 2), ("without_rate", 4), ("left", 1)):
        assert f'stamgast_prices_asked_total{{came="{came}"}} {count}.0' in text
    assert "stamgast_prices_last_round_seconds 1000.0" in text


async def test_it_waits_between_rounds() -> None:
    asked = 0

    async def ask() -> Asked:
        nonlocal asked
        asked += 1
        return Asked()

    async def once() -> bool:
        return asked == 1

    task = asyncio.create_task(ask_for_ever(ask, 3_600, PriceFigures(), StillClock(0), hopeless=HopelessError))
    await eventually(once)
    await asyncio.sleep(0)
    assert asked == 1
    task.cancel()

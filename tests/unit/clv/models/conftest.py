"""The record shop's customers, and the library that everybody compares with."""

import warnings

import pytest

from tests.unit.clv.record_shop import CALIBRATION_END, HOLDOUT_END, Shop, read_master, read_sample, shop_of


@pytest.fixture(scope="session")
def cdnow() -> Shop:
    return shop_of(read_sample(), CALIBRATION_END)


@pytest.fixture(scope="session")
def cdnow_in_full() -> Shop:
    """All 78 weeks, with nothing after them."""
    return shop_of(read_sample(), HOLDOUT_END)


@pytest.fixture(scope="session")
def cdnow_master() -> Shop:
    return shop_of(read_master(), CALIBRATION_END)


@pytest.fixture
def lifetimes():
    """The archived library that everybody compares with; it deprecates half of what it uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("lifetimes")

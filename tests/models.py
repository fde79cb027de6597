"""Purchase models in force, as fitted to a real shop."""

from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.program import Program
from stamgast.domain.prospects import Horizon, Prospects, prospects_of
from stamgast.domain.units import Day
from tests.builders import program

RECORD_SHOP = {"r": 0.524843, "alpha": 6.183085, "a": 0.891359, "b": 1.614002}
"""MBG/NBD as fitted to the CDNOW sample; times are weeks."""


def model(*, closed: tuple[Day, ...] = (), **parameters: float) -> Prospects:
    found = ParameterSet(
        "mbg_nbd", RECORD_SHOP | parameters, Spend(6.25, 3.744, 15.44), margin=0.4, open_days=bool(closed)
    )
    return prospects_of(found, 1.0, ClosedDays(closed), Horizon())


def shop_with(prospects: Prospects, **more: object) -> Program:
    return program(prospects=prospects, **more)

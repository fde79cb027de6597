"""By which programme a past is played."""

from typing import Any

from stamgast.backtest.plan import CsvData, LogData, Plan
from stamgast.identity.veiling import Veils
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord
from tests.unit.rules.small_shop import PROGRAM, files_of

KEY = b"i" * 32
COSTS = "costs: {acquisition: 1 EUR, acquisition_by_source: {flyer: 4 EUR}}\n"


def test_the_shops_own_log_tells_sources_behind_a_veil_and_a_file_by_their_names():
    files = files_of(program=PROGRAM + COSTS)
    record = BundleRecord(merchant="shop", hash="x", files=files)
    nowhere: Any = None
    veiled = Veils(KEY).of("shop").source("flyer")
    own = Plan(record, LogData(nowhere, Topics(1), KEY), 20_000, 20_001, against=record)
    of_a_file = Plan(record, CsvData("past.csv"), 20_000, 20_001)
    baseline = own.baseline()
    assert baseline is not None
    for bundle in (own.bundle(), baseline):
        assert bundle.program.costs.acquisition(veiled, 20_000) == 400
    assert of_a_file.bundle().program.costs.acquisition("flyer", 20_000) == 400

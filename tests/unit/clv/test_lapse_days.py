"""The day on which a customer of a file lapses is that on which a worker would say so of the same purchases."""

import random
from itertools import pairwise

import pytest

from stamgast.clv.data.state_sample import sample_of_states
from stamgast.clv.lapse_days import lapse_days
from stamgast.clv.models.regularity_fit import fit_regularity
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.customer import Customer
from stamgast.domain.days import encode_days, log_gap
from stamgast.domain.lifecycle import quiet_timers
from stamgast.domain.program import LapseModel, Program, Store, surely
from stamgast.domain.prospects import Horizon, prospects_of
from stamgast.domain.regularity import Regularity
from stamgast.domain.season import PARTS, season_of
from stamgast.domain.units import DAY
from tests.builders import sure
from tests.unit.clv.purchases import MBG
from tests.unit.clv.regular_shops import BY_CHANCE, MIXED, WEEKLY, YEARLY, shop

AS_OF = 1_500
CLOSED = ClosedDays(tuple(range(700, 721)) + tuple(range(1_490, 1_520)))
SHOP = [
    *shop(7, 0.4, 20, 80, as_of=AS_OF),
    *shop(30, 0.2, 8, 80, as_of=AS_OF, seed=2),
    *shop(180, 0.1, 5, 80, as_of=AS_OF, seed=3),
    *([day] for day in range(100, 1_500, 50)),
    sorted(random.Random(4).sample(range(AS_OF), 700)),
]
NBD = {"model": "nbd", "parameters": {"r": 0.5, "alpha": 6.0}}


def by_the_worker(customers, parameters: ParameterSet, lapse: LapseModel, closed: ClosedDays) -> list[int]:
    """Whole days of the timers that a worker sets."""
    prospects = prospects_of(parameters, 1.0, closed, Horizon())
    program = Program(
        "drawn", "Drawn", "EUR", "UTC", "NL", ("en",), {"one": Store("one", "UTC")}, lapse=lapse, closed=closed,
        prospects=prospects,
    )  # fmt: skip
    found = []
    for days in customers:
        state = Customer(
            visits=len(days), first_day=days[0], last_day=days[-1], days=encode_days([(day, 1) for day in days]),
            gaps=sum(log_gap(later - earlier) for earlier, later in pairwise(days)),
        )  # fmt: skip
        found.append(quiet_timers(state, program)["lapse"] // DAY)
    return found


def by_file(customers, parameters: ParameterSet, lapse: LapseModel, closed: ClosedDays) -> list[int]:
    states = [(str(n), Customer(days=encode_days([(day, 1) for day in days]))) for n, days in enumerate(customers)]
    live = sure(sample_of_states(states, AS_OF, "EUR", money=False)).without(parameters.time(closed))
    return lapse_days(live, parameters, lapse, closed).days.astype(int).tolist()


@pytest.fixture(scope="module", params=[ClosedDays(), CLOSED], ids=["always open", "closed"])
def fitted(request) -> tuple[ClosedDays, Regularity]:
    return request.param, sure(fit_regularity(SHOP, AS_OF, request.param))


@pytest.mark.parametrize("precision", [0.1, 0.6, 0.95])
def test_a_regular_customer_of_a_file_lapses_when_the_worker_says_so(fitted, precision):
    closed, regularity = fitted
    parameters = ParameterSet("mbg_nbd", MBG["parameters"], regularity=regularity, open_days=bool(closed.days))
    lapse = surely(LapseModel(), precision)

    assert by_file(SHOP, parameters, lapse, closed) == by_the_worker(SHOP, parameters, lapse, closed)


@pytest.mark.parametrize("kinds", [(WEEKLY,), (BY_CHANCE,), (WEEKLY, YEARLY), (YEARLY, BY_CHANCE), MIXED.kinds])
def test_so_it_is_whatever_kinds_of_customers_there_are(kinds):
    parameters = ParameterSet("mbg_nbd", MBG["parameters"], regularity=Regularity(kinds, MIXED.habits))

    for sureness in (0.1, 0.62, 0.99):
        lapse = surely(LapseModel(), sureness)
        assert by_file(SHOP, parameters, lapse, ClosedDays()) == by_the_worker(SHOP, parameters, lapse, ClosedDays())


@pytest.mark.parametrize("closed", [ClosedDays(), CLOSED], ids=["always open", "closed"])
@pytest.mark.parametrize(
    ("document", "lapse"),
    [(MBG, LapseModel()), (NBD, LapseModel()), (MBG, surely(LapseModel(), 0.9)), (MBG, LapseModel(by="own_rhythm"))],
    ids=["a model", "nobody leaves", "surer", "own rhythm"],
)
def test_where_nothing_is_known_of_regularity_it_lapses_as_the_worker_has_it_too(document, lapse, closed):
    parameters = ParameterSet(document["model"], document["parameters"], open_days=bool(closed.days))

    assert by_file(SHOP, parameters, lapse, closed) == by_the_worker(SHOP, parameters, lapse, closed)


@pytest.mark.parametrize("closed", [ClosedDays(), CLOSED], ids=["always open", "closed"])
def test_in_a_shop_with_a_season_it_lapses_as_the_worker_has_it(closed):
    busy = season_of([3.0 if part > 40 else 0.6 for part in range(PARTS)])
    parameters = ParameterSet("mbg_nbd", MBG["parameters"], season=busy, open_days=bool(closed.days))

    assert by_file(SHOP, parameters, LapseModel(), closed) == by_the_worker(SHOP, parameters, LapseModel(), closed)

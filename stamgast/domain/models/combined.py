"""Several models together, each believed with a weight, and a correction of who comes again at all.

Every chance and every mean is that of the members, weighted: a linear pool. Within the horizon `weeks` that the
correction was learnt for, the chance of any purchase is not the pool's p but
    logit^-1(constant + logit_p * logit(max(p, least_p)) + log_purchase_days * ln(1 + x)),
and given one purchase, how many there are and when is what the pool says: all its chances and means within the horizon
are taken times the ratio of the two. Beyond it purchases are those of the pool. docs/adr/0041 says how it was found,
docs/adr/0124 how it comes into force.

Who has left is what those members say that know of leaving; BG/NBD has whoever came once stay for ever. Who buys has
not left, so P(alive) is no less than the corrected chance.

A combination may be blended: with a plain regression (`stamgast.domain.models.regressed`), for where customers slow
down with age no purchase model has a word for it, and with members as they are, uncorrected. Each is believed with a
weight of its own, and the corrected pool with what is left of 1 (docs/adr/0135). Beyond the horizon, of which alone it
knows, the regression takes purchases to come as the pool's.
"""

import math
from typing import Final

from msgspec import Struct, field

from stamgast.domain.chebyshev import LONGEST_WEEKS, stretch, value_at
from stamgast.domain.crossing import first_crossing
from stamgast.domain.history import History
from stamgast.domain.models.alike import Alike
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.nbd import OwnRate
from stamgast.domain.models.pareto_nbd import Pareto
from stamgast.domain.models.phase_means import PhaseMeans, has_means, longest_for, phase_means
from stamgast.domain.models.regressed import Regressed

Member = Dropout | Pareto | OwnRate | Alike
SURE: Final = 1e-6
"""What is left of 1 at most."""
_NEVER: Final = math.log1p(5_200.0)
"""Of so many weeks, beyond which nobody lapses any more."""
_NEAR: Final = 1e-4
_MOST_SERIES: Final = 4_000


class State(Struct, frozen=True):
    """What is known of one customer at one moment.

    `alive` by member; `pool` and `corrected` are chances to buy within the horizon of the correction, `regressed` is
    the mean number of purchases there by the regression, 0 without one; `plain` is what members as they are add to the
    chance, 0 if none is believed so.
    """

    alive: tuple[float, ...]
    pool: float
    corrected: float
    regressed: float = 0.0
    plain: float = 0.0

    @property
    def ratio(self) -> float:
        """By how much the chance of any purchase was corrected."""
        return self.corrected / max(self.pool, 1e-300)


class Combined(Struct, frozen=True):
    """Members and what each is believed in the pool (sums to 1), what each is believed of leaving, and the correction.

    `plain` is what each is believed as it is, beside the corrected pool; empty where none is.
    """

    members: tuple[Member, ...]
    weights: tuple[float, ...]
    leaving: tuple[float, ...]
    weeks: float
    constant: float
    logit_p: float
    log_purchase_days: float
    least_p: float
    regression: Regressed | None = None
    plain: tuple[float, ...] = ()
    _soon: dict[tuple[int, int, float], list[float]] = field(default_factory=dict)
    """Series of chances to buy, by member, x and the time asked for: made when first asked for."""
    _means: dict[tuple[int, float], PhaseMeans] = field(default_factory=dict)
    """By member and how far they reach, purchases to come: made when first asked for, too."""

    def at(self, history: History) -> State:
        """Return what the other answers are made of."""
        alive = tuple([each.p_alive(history) for each in self.members])
        pool, plain = self._chances(alive, history, self.weeks)
        regressed = self.regression.mean(history, self.weeks) if self.regression else 0.0
        return State(alive, pool, self.corrected(pool, history.x), regressed, plain)

    @property
    def share(self) -> float:
        """What the corrected pool is believed."""
        return 1.0 - (self.regression.weight if self.regression else 0.0) - sum(self.plain)

    def believed(self, place: int) -> float:
        """Return what a member is believed in all, where nothing is corrected: beyond the horizon."""
        if not self.plain:
            return self.weights[place]
        return (1 - sum(self.plain)) * self.weights[place] + self.plain[place]

    def corrected(self, pool: float, x: int) -> float:
        """Return the corrected chance of any purchase within the horizon, given the pool's."""
        p = min(max(pool, self.least_p), 1 - SURE)
        score = self.constant + self.logit_p * math.log(p / (1 - p)) + self.log_purchase_days * math.log(1 + x)
        return 1 / (1 + math.exp(-score)) if score > -700 else 0.0

    def p_alive(self, history: History) -> float:
        """Return the chance that the customer has not left for good."""
        state = self.at(history)
        left = sum([weight * alive for weight, alive in zip(self.leaving, state.alive, strict=True)])
        return max(left, self._blended(state.corrected, state.regressed, state.plain))

    def p_buy(self, history: History, weeks: float) -> float:
        """Return the chance of at least one purchase within the next `weeks`."""
        state = self.at(history)
        if weeks == self.weeks:
            return self._blended(state.corrected, state.regressed, state.plain)
        mean = self._regressed_mean(state, history, weeks) if self.regression else 0.0
        until, plain = self._chances(state.alive, history, weeks)
        if weeks < self.weeks:
            return self._blended(state.ratio * until, mean, plain)
        later = (until - state.pool) / max(1 - state.pool, 1e-300)
        return self._blended(1 - (1 - state.corrected) * (1 - later), mean, plain)

    def expected_purchases(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the next `weeks`."""
        state = self.at(history)
        until = self.pooled(state, history, weeks)
        within = until if weeks <= self.weeks else self.pooled(state, history, self.weeks)
        expected = state.ratio * within + (until - within)
        if self.regression is None and not self.plain:
            return expected
        total = self.share * expected
        if self.regression is not None:
            total += self.regression.weight * self._regressed_mean(state, history, weeks)
        believed = enumerate(zip(self.plain, state.alive, strict=False))
        return total + sum([u * alive * self._if_alive(place, history, weeks) for place, (u, alive) in believed if u])

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return that mean for somebody who has not left."""
        return self.expected_purchases(history, weeks) / max(self.p_alive(history), 1e-300)

    def lapses_at(self, history: History, threshold: float) -> float | None:
        """Return the T at which P(alive) falls to the threshold if no purchase comes; None: never.

        Looked for in ln(1 + gap), where the odds are nearly straight.
        """
        x, t_x, aim = history.x, history.t_x, math.log(threshold / (1 - threshold))

        def fallen(stretch: float) -> float:
            p = self.p_alive(History(x, t_x, t_x + math.expm1(stretch)))
            return aim - math.log(max(p, SURE) / max(1 - p, SURE))

        if fallen(_NEVER) < 0:
            return None
        return t_x + math.expm1(first_crossing(fallen, 0.0, 1.0, _NEAR))

    def next_gap(self, history: History, quantile: float) -> float:
        """Return the weeks within which the next gap ends with that chance, if the customer has not left.

        The members' own, averaged by their logarithms.
        """
        total = 0.0
        for weight, member in zip(self.leaving, self.members, strict=True):
            if weight:
                total += weight * math.log(max(member.next_gap(history, quantile), 1e-9))
        return math.exp(total) if total < 700 else math.inf

    def _blended(self, chance: float, mean: float, plain: float) -> float:
        """Return a chance to buy with its part by the regression, by which so many are expected, and of members."""
        if self.regression is None:
            return self.share * chance + plain if self.plain else chance
        return self.share * chance + self.regression.weight * self.regression.p_buy(mean) + plain

    def _chances(self, alive: tuple[float, ...], history: History, weeks: float) -> tuple[float, float]:
        """Return the pool's chance to buy within so many weeks, and what members as they are add to it."""
        buys = [self._buys(place, there, history, weeks) for place, there in enumerate(alive)]
        pool = sum([weight * each for weight, each in zip(self.weights, buys, strict=True)])
        return pool, sum([weight * each for weight, each in zip(self.plain, buys, strict=False)])

    def _regressed_mean(self, state: State, history: History, weeks: float) -> float:
        """Return the mean by the regression for any time: within its own and beyond it purchases come as the pool's."""
        if weeks == self.weeks:
            return state.regressed
        until, whole = self.pooled(state, history, weeks), self.pooled(state, history, self.weeks)
        within = min(until, whole)
        return state.regressed * within / max(whole, 1e-300) + (until - within)

    def pooled(self, state: State, history: History, weeks: float) -> float:
        """Return the pool's mean number of purchases within so many weeks."""
        mixed = enumerate(zip(self.weights, state.alive, strict=True))
        return sum([w * alive * self._if_alive(place, history, weeks) for place, (w, alive) in mixed if w])

    def _if_alive(self, place: int, history: History, weeks: float) -> float:
        """Return the mean number of purchases within so many weeks of somebody who has not left, by one member."""
        member = self.members[place]
        if not has_means(member):
            return member.expected_if_alive(history, weeks)
        longest = longest_for(weeks)
        means = self._means.get((place, longest))
        if means is None:
            means = self._means[place, longest] = phase_means(member, longest)
        known = means if means.reaches(history, weeks) else member
        return known.expected_if_alive(history, weeks)

    def _buys(self, place: int, alive: float, history: History, weeks: float) -> float:
        """Return the chance to buy within so many weeks by one member.

        Pareto/NBD takes an integral for it, of somebody who is there a function of x and T alone: a series does.
        """
        member = self.members[place]
        if isinstance(member, Dropout):
            return member.p_buy_if_alive(history, weeks) * alive
        if not isinstance(member, Pareto) or history.T > LONGEST_WEEKS:
            return member.p_buy(history, weeks)
        over = stretch(min(member.alpha, member.beta))
        series = self._soon.get((place, history.x, weeks))
        if series is None:
            if len(self._soon) >= _MOST_SERIES:
                self._soon.clear()
            series = self._soon[place, history.x, weeks] = over.series(
                lambda age: member.p_buy_if_alive(History(history.x, 0.0, age), weeks)
            )
        return alive * value_at(series, over.place(history.T))

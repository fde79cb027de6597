"""BG/NBD, MBG/NBD and MBG/CNBD-k: customers buy at a steady rate until they leave, which they do after a purchase.

While a customer is there, the gaps between purchases are Erlang-k (k = 1: exponential) with a rate that is
Gamma(r, alpha) across customers. After each purchase the customer leaves with a chance that is Beta(a, b) across
customers. In the BG/NBD (Fader, Hardie and Lee, "'Counting Your Customers' the Easy Way", 2005) nobody leaves after
the first purchase; in the MBG/NBD (Batislam, Denizel and Filiztekin, "Empirical validation and comparison of models
for customer base analysis", 2007) one may; MBG/CNBD-k is the latter with regular gaps (Platzer and Reutterer,
"Ticking away the moments", 2016; Reutterer, Platzer and Schröder, 2021).

Everything follows from S(g), the chance that the next gap of somebody who stays is longer than g. With n = r + kx:
S(g) = (1 + g/(alpha+t_x))^-n * sum over j < k of (n)_j/j! * (g/(alpha+t_x+g))^j. Of those who are there at T the
likelihood is proportional to S(T-t_x), of those who left at the last purchase to a/(b+x) (BG: a/(b+x-1)).
"""

import math

from msgspec import Struct

from stamgast.domain.crossing import first_crossing
from stamgast.domain.history import History

_TINY = 1e-13
"""Series end when what is left is smaller, relative to the sum."""
_MOST = 100_000
"""No series is longer; at horizons of a thousand times alpha + T what is left then is below 1e-7."""
_HUGE = 1e150
_FAR = 0.75
_POLE = 0.01
_STEEP = 4.0
_LEAST_LEFT = 1e-5
"""Where the quick way for long horizons is not taken, because too many digits would cancel."""
_AT_ONCE = 8
"""Terms that are added before it is asked again whether that is enough."""


class Dropout(Struct, frozen=True):
    """Parameters per week; `leaves_at_once` says whether the first purchase may be the last one (MBG) or not (BG)."""

    r: float
    alpha: float
    a: float
    b: float
    k: int = 1
    leaves_at_once: bool = True

    def p_alive(self, history: History) -> float:
        """Return the chance that the customer has not left for good, at the history's T."""
        left = self._left(history.x)
        if not left:
            return 1.0
        odds = math.log(left) - self._log_longer(history, history.quiet)
        return 1 / (1 + math.exp(odds)) if odds < 700 else 0.0

    def p_buy(self, history: History, weeks: float) -> float:
        """Return the chance of at least one purchase within the next `weeks`."""
        return self.p_buy_if_alive(history, weeks) * self.p_alive(history)

    def p_buy_if_alive(self, history: History, weeks: float) -> float:
        """Return that chance for somebody who has not left."""
        quiet = history.quiet
        return -math.expm1(self._log_longer(history, quiet + weeks) - self._log_longer(history, quiet))

    def expected_purchases(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the next `weeks`."""
        return self.p_alive(history) * self.expected_if_alive(history, weeks)

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return that mean for somebody who has not left; with k = 1 it depends on x and T alone."""
        if weeks <= 0:
            return 0.0
        return self._by_series(history, weeks) if self.k == 1 else self._by_phases(history, weeks)

    def lapses_at(self, history: History, threshold: float) -> float | None:
        """Return the T (weeks after the first purchase) at which P(alive) falls to the threshold without a purchase.

        It is t_x where P(alive) is below the threshold right after the last purchase, and None where it stays above.
        """
        left = self._left(history.x)
        if not left:
            return None
        log_longer = math.log(left * threshold / (1 - threshold))
        gap = self._gap_longer_than(history, log_longer) if log_longer < 0 else 0.0
        return history.t_x + gap if math.isfinite(gap) else None

    def next_gap(self, history: History, quantile: float) -> float:
        """Return the weeks within which the next gap ends with that chance, if the customer has not left."""
        return self._gap_longer_than(history, math.log1p(-quantile))

    def _left(self, x: int) -> float:
        """Return the weight of having left at the last purchase; staying has the weight S."""
        stays = self.b + x - (not self.leaves_at_once)
        return self.a / stays if x or self.leaves_at_once else 0.0

    def _log_longer(self, history: History, gap: float) -> float:
        """Return ln S(gap)."""
        since = self.alpha + history.t_x
        n = self.r + self.k * history.x
        log_longer = -n * math.log1p(gap / since)
        if self.k == 1:
            return log_longer
        share = gap / (since + gap)
        term = total = 1.0
        for j in range(1, self.k):
            term *= (n + j - 1) / j * share
            total += term
        return log_longer + math.log(total)

    def _gap_longer_than(self, history: History, log_longer: float) -> float:
        """Solve ln S(gap) = log_longer (negative) for the gap in weeks; infinite where it is beyond all reason."""
        since = self.alpha + history.t_x
        exponent = -log_longer / (self.r + self.k * history.x)
        if exponent > 500:
            return math.inf
        least = since * math.expm1(exponent)
        if self.k == 1:
            return least
        return first_crossing(lambda gap: log_longer - self._log_longer(history, gap), least, max(least, since))

    def _by_series(self, history: History, weeks: float) -> float:
        """Expected purchases of somebody who is there, k = 1.

        The hypergeometric form of the papers after Euler's transformation, written as
        c * [(1 - (1-z)^(a-1)) / (a-1) - (1-z)^(a-1) * S], S = sum over n >= 1 of (A)_n (a)_(n-1) / ((c)_n n!) * z^n,
        with z = t/(alpha+T+t), A = c - r - x: small parameters at any x, and nothing special at a = 1.
        """
        x, a = history.x, self.a
        c = a + self.b + x - (not self.leaves_at_once)
        upper = c - self.r - x
        end = self.alpha + history.T + weeks
        z, rest = weeks / end, (self.alpha + history.T) / end
        power = (a - 1) * math.log(rest)
        if power < -600:
            return self._by_phases(history, weeks)
        if z > _FAR and (found := _from_the_far_end(upper, a - 1, c, rest)) is not None:
            return found
        total = _series(upper, a - 1, c, z)
        first = -math.expm1(power) / (a - 1) if abs(power) > _TINY else -math.log(rest)
        return c * (first - math.exp(power) * total)

    def _by_phases(self, history: History, weeks: float) -> float:
        """Expected purchases of somebody who is there, any k: a sum of positive terms.

        A purchase ends every k-th phase; i phases since the last purchase have a negative binomial chance, of which
        fewer than k ended before T. v[j] is the chance of i phases of which j before T, over that of fewer than k.
        Of n purchases that somebody would make who never leaves, 1 + w_2 + ... + w_n are made on average, w_m the
        chance to stay after m-1 of them: (B)_(m-1) / (a+B)_(m-1), B = b+x+1 (BG: b+x).
        """
        k, quiet = self.k, history.quiet
        n = self.r + k * history.x
        stays = self.b + history.x + self.leaves_at_once
        end = self.alpha + history.T + weeks
        before, after = quiet / end, weeks / end
        log_scale = -n * math.log1p((quiet + weeks) / (self.alpha + history.t_x)) - self._log_longer(history, quiet)
        v = [1.0] + [0.0] * (k - 1)
        total = made = 0.0
        stay = 1.0
        mass = 1.0
        i = 0
        ratio = 1.0
        while ratio >= 1 or i <= k or mass * (made + 1) * ratio > _TINY * total * (1 - ratio):
            for _ in range(_AT_ONCE * k):
                factor = (n + i) / (i + 1)
                for j in range(k - 1, 0, -1):
                    v[j] = factor * (after * v[j] + before * v[j - 1])
                v[0] *= factor * after
                i += 1
                if i % k == 0:
                    made += stay
                    stay *= (stays + i // k - 1) / (self.a + stays + i // k - 1)
                mass = sum(v)
                total += mass * made
            if mass > _HUGE:
                v = [each / _HUGE for each in v]
                total /= _HUGE
                mass /= _HUGE
                log_scale += math.log(_HUGE)
            # Terms fall at least by this ratio from here on; (i+k)/i allows for what those of j > 0 still gain.
            ratio = after * (n + i) / (i + 1) * ((i + k) / i)
        return total * math.exp(log_scale)


def _series(upper: float, lower: float, c: float, z: float) -> float:
    """Return (2F1(upper, lower; c; z) - 1) / lower for 0 < z < 1, which has a value at lower = 0 too."""
    term = upper / c * z
    total = term
    n = worst = 1.0
    while n < _MOST and (worst >= 1 or n + upper <= 0 or abs(term) * worst > _TINY * abs(total) * (1 - worst)):
        for _ in range(_AT_ONCE):
            term *= z * (upper + n) * (lower + n) / ((c + n) * (n + 1))
            total += term
            n += 1
        worst = max(z * (upper + n) * (lower + n) / ((c + n) * (n + 1)), z)
    return total


def _from_the_far_end(upper: float, lower: float, c: float, rest: float) -> float | None:
    """Return c/lower * (1 - rest^lower * 2F1(upper, lower; c; 1-rest)) by two series in `rest`, which is small.

    The connection of the hypergeometric function's solutions at 1 with those at 0 (NIST Handbook of Mathematical
    Functions, 2010, 15.8.4). None where more than five digits would cancel (near its poles) or Gamma overflows.
    """
    d = c - upper - lower
    if min(abs(d - round(d)), abs(lower)) < _POLE or lower > _STEEP or c > 100 or d > 12:
        return None
    gamma = math.gamma
    one = gamma(c) * gamma(d) / (gamma(c - upper) * gamma(c - lower)) * (1 + lower * _series(upper, lower, 1 - d, rest))
    other = gamma(c) * gamma(-d) * _one_over_gamma(upper) / gamma(lower)
    other *= 1 + (c - lower) * _series(c - upper, c - lower, d + 1, rest)
    parts = rest**lower * one, rest ** (c - upper) * other
    found = 1 - parts[0] - parts[1]
    return c / lower * found if abs(found) > _LEAST_LEFT * max(1, *map(abs, parts)) else None


def _one_over_gamma(value: float) -> float:
    """Return 1/Gamma, which is 0 where Gamma has a pole."""
    return 0.0 if value <= 0 and value == round(value) else 1 / math.gamma(value)

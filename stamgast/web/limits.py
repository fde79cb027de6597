"""How much and how fast: no body and no rate is unlimited."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from stamgast.people.opt_out import FINISHED_S


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes per body and of all, connections, and requests a second with the burst that may be ahead of them."""

    batch_bytes: int = 4_000_000
    body_bytes: int = 64_000
    all_bodies_bytes: int = 64_000_000
    """Of all requests that are being answered; read, a body takes some ten times as much."""
    small_body_bytes: int = 24_000
    """So large a body finds room whatever else is there: a message of 1,600 letters takes 20,000 bytes as a form."""
    connections: int = 2_000
    """That wait, and requests that are answered at once, but for what people wrote to us."""
    connections_per_address: int = 100
    open_connections: int = 10_000
    """All of them; five thousand people may say STOP at once."""
    per_key: float = 500
    per_key_burst: float = 1_000
    refusals: float = 5
    """Refused keys a second from one address."""
    refusals_burst: float = 50
    wrong_codes: float = 0.5
    """Vouchers that do not exist, a second under one key."""
    wrong_codes_burst: float = 30
    wrong_codes_of_merchant: float = 2
    """The same of one merchant's codes, under all of their keys and tills."""
    wrong_codes_of_merchant_burst: float = 120
    joins_of_code: float = 5
    """Forms a second on the page of one code to join by, from all networks, that are noted."""
    joins_of_code_burst: float = 600
    per_visitor: float = 20
    """Requests a second of one user, or of one till, on pages."""
    per_visitor_burst: float = 200
    sign_ins: float = 0.5
    """Attempts a second from one address to sign in, to take an invitation, to pair a till. A shop is one address."""
    sign_ins_burst: float = 30
    stop_s: float = 8
    """How long a START waits for what it needs before its sender is told to come again; Twilio waits for 15 s."""
    stop_finished_s: float = FINISHED_S
    """How long one that is in the log waits until it stands with every customer; then it is answered all the same."""


class TokenBuckets:
    """One bucket per name; the names used least recently are forgotten, which only ever fills their bucket."""

    def __init__(
        self, rate: float, burst: float, *, most: int = 10_000, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, tokens: float = 1) -> float:
        """Take tokens; 0 if they were there, else the seconds until they will be (and nothing is taken)."""
        now = self._monotonic()
        level = self._level(name, now)
        if level < tokens:
            self._keep(name, level, now)
            return (tokens - level) / self._rate
        self._keep(name, level - tokens, now)
        return 0.0

    def wait(self, name: str, tokens: float = 1) -> float:
        """Seconds until the tokens will be there; takes nothing."""
        return max(0.0, (tokens - self._level(name, self._monotonic())) / self._rate)

    def told(self, name: str) -> dict[str, str]:
        """What is left, as the headers of the IETF's draft (draft-ietf-httpapi-ratelimit-headers) say it."""
        level = self._level(name, self._monotonic())
        full_in = math.ceil((self._burst - level) / self._rate)
        window = max(1, math.ceil(self._burst / self._rate))
        return {
            "RateLimit-Policy": f'"key";q={math.floor(self._burst)};w={window}',
            "RateLimit": f'"key";r={math.floor(level)};t={full_in}',
        }

    def _level(self, name: str, now: float) -> float:
        level, since = self._buckets.get(name, (self._burst, now))
        return min(self._burst, level + (now - since) * self._rate)

    def _keep(self, name: str, level: float, now: float) -> None:
        self._buckets[name] = (level, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

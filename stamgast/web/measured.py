"""Requests are counted and timed by their route's pattern, never by what stands in a path."""

from typing import Final

from starlette.routing import Route
from starlette.types import Scope

from stamgast.web.metrics import WebMetrics

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Notes requests that are answered."""

    def __init__(self, metrics: WebMetrics) -> None:
        self._requests, self._seconds = metrics.requests_of, metrics.seconds_of

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """A request was answered so, after so long."""
        route = scope.get("route")
        pattern = route.path if isinstance(route, Route) else "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"  # anybody may make one up
        self.of(pattern, method, status, seconds)

    def of(self, pattern: str, method: str, status: int, seconds: float) -> None:
        """The same of a known route and method."""
        self._requests(pattern, method, str(status)).inc()
        self._seconds(pattern).observe(seconds)

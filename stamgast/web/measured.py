"""Requests are counted and timed by their route's pattern, never by what stands in a path."""

from functools import lru_cache
from typing import Final

from starlette.routing import Route
from starlette.types import Scope

from stamgast.web.metrics import WebMetrics

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Notes requests that are answered."""

    def __init__(self, metrics: WebMetrics) -> None:
        # `labels` makes texts and takes a lock each time. There are as many as routes, methods and statuses.
        self._requests = lru_cache(maxsize=4_096)(metrics.requests.labels)
        self._seconds = lru_cache(maxsize=4_096)(metrics.seconds.labels)

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """A request was answered so, after so long."""
        route = scope.get("route")
        pattern = route.path if isinstance(route, Route) else "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"  # anybody may make one up
        self._requests(pattern, method, str(status)).inc()
        self._seconds(pattern).observe(seconds)

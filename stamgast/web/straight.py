"""Routes by the parts of their paths: a request's is found by looking up each part, where trying all patterns in turn
would cost more than the rest of finding it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeGuard

from starlette.routing import BaseRoute, Route
from starlette.types import Scope


class Straight:
    """Finds the route of a request that has one in plain sight. Whatever else there may be to say of a request (no such
    path, no such method, a slash too many) is the router's business, and so is a route that is more than a coroutine
    function at a path, and all that stand behind it.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._root = _Place({}, {})
        for route in routes:
            if not _is_plain(route):
                break
            place, names = self._root, []
            for part in route.path.split("/")[1:]:
                if part.startswith("{"):
                    names.append(part[1:-1])
                    part = _ANY  # noqa: PLW2901
                place = place.below.setdefault(part, _Place({}, {}))
            for method in route.methods or ():
                place.routes.setdefault(method, (route, tuple(names)))

    def find(self, scope: Scope) -> tuple[Route, dict[str, Any]] | None:
        """The route, and what its path's variable parts are."""
        first, *parts = scope["path"].split("/")
        if first or scope.get("root_path"):
            return None
        place, given = self._root, []
        for part in parts:
            below = place.below.get(part)
            if below is None:
                below = place.below.get(_ANY)
                if below is None or not part:
                    return None
                given.append(part)
            place = below
        found = place.routes.get(scope["method"])
        return None if found is None else (found[0], dict(zip(found[1], given, strict=True)))


def _is_plain(route: BaseRoute) -> TypeGuard[Route]:
    """Whether nothing surrounds its function, and its variable parts are whole texts without a slash."""
    return (
        type(route) is Route
        and inspect.iscoroutinefunction(route.endpoint)
        and inspect.isfunction(route.app)
        and ":" not in route.path
        and all("{" not in part or (part[0] == "{" and part[-1] == "}") for part in route.path.split("/"))
    )


_ANY = "/"
"""No part of a path."""


class _Place(NamedTuple):
    """What a path's beginning leads to: what may follow, and the routes that end here, by method."""

    below: dict[str, _Place]
    routes: dict[str, tuple[Route, tuple[str, ...]]]

"""What is left of a key's rate stands in the headers of every answer to it, refusals too."""

from starlette.types import Message, Scope


def tell_rate(scope: Scope, start: Message) -> None:
    """Add to an answer's beginning what `stamgast.web.auth.enter` found for the request's key, if it came so far."""
    known = scope.get("state", {}).get("rate_limit")
    if known:  # a list of its own: the answer's may be another answer's as well
        added = [(name.lower().encode(), value.encode()) for name, value in known.items()]
        start["headers"] = [*start.get("headers", ()), *added]

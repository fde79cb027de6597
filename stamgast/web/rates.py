"""What is left of a key's rate stands in the headers of every answer to it, refusals too."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RateTold:
    """Writes the headers that `stamgast.web.auth.enter` found for the request's key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add what is known by the time of the answer."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = scope.get("state", {}).get("rate_limit")
                if known:  # a list of its own: the answer's may be another answer's as well
                    added = [(name.lower().encode(), value.encode()) for name, value in known.items()]
                    message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, told)

"""How much of all requests' bodies is in memory at once: a thousand batches of 4 MB would be more than there is."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stamgast.web.problem import unavailable


class Bodies:
    """Answers 503 to a request whose body finds no room; nothing of it was taken.

    Small ones always find some, or batches could keep a STOP out; ten thousand of them are not too much.
    """

    def __init__(self, app: ASGIApp, most: int, small: int) -> None:
        self._app = app
        self._most = most
        self._small = small
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count what comes in until the request is answered."""
        held = 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            size = len(message.get("body", b""))
            if held + size > self._small and self._held + size > self._most:
                raise unavailable("There is no room for more requests now. Send it again in a moment.")
            self._held += size
            held += size
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= held

"""What happens here goes to every open page at once."""

from typing import Any, Final

import msgspec

from stamgast.sandbox.live_page import News

_RELOAD: Final = b'{"kind":"reload","data":null}'


class Live(News):
    """A page that falls behind is told to load everything again."""

    def __init__(self) -> None:
        super().__init__(after_a_gap=_RELOAD)

    def show(self, kind: str, data: Any) -> None:
        """Bring it to every page that is open."""
        if self.watched:
            self.publish(msgspec.json.encode({"kind": kind, "data": data}))

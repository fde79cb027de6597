"""What an adapter is: one system of tills, its webhooks and its API -> purchases in the public contract's shape.

An adapter holds no state, no client and no secret: all of it is handed in, so that one instance serves every connection
and its tests need no network. It subclasses `Adapter` and says in its docstring what it needs from the shop; what its
`capabilities` do not name it leaves out. `stamgast.pos.webhook` calls it in order, `stamgast.pos.registry` finds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.pos.connections import Connection

Headers = Mapping[str, str]
"""Of a request, by their names in small letters."""
Document = dict[str, Any]
"""A purchase or a refund in the shape of `stamgast.purchase.v1`."""


class SignatureError(ValueError):
    """A webhook is not from whom it says it is, or too old; the text says why, and holds no secret."""


class IncapableError(RuntimeError):
    """Something was asked of an adapter that its capabilities do not name."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do. What stands here decides which methods of its adapter are called."""

    signed: bool
    """It signs its webhooks. If not, their address is secret, and what they say is only a hint to read it again."""
    thin: bool = False
    """Its webhooks name what changed, without the whole: `reread` gets it."""
    poll: bool = False
    """Its API lists what changed since a cursor."""
    till_look_up: bool = False
    """It asks at the till who the customer is."""
    knows_customer: bool = False
    """A sale may name its customer."""


class Found(NamedTuple):
    """An object of the system that a webhook or a poll is about."""

    kind: str
    """As the system calls it: order, receipt, refund."""
    id: str
    content: Any = None
    """The object, where it is known whole; None: it has to be read again by `reread`."""


class Page(NamedTuple):
    """What a poll found, and where the next one begins. The cursor counts once Kafka has what was found."""

    objects: Sequence[Found]
    cursor: str
    more: bool = False
    """There is another page already."""


class Context(NamedTuple):
    """What an object does not say of itself."""

    connection: Connection
    program: Program

    def store_of(self, place: str) -> str:
        """The programme's store for a place of the system; one that nobody has mapped keeps its own name."""
        return self.connection.stores.get(place, place)


class Api(Protocol):
    """A system's API for one connection: address, credentials, pace and repeats are the caller's business."""

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, document: Any = None
    ) -> Any:
        """Return the answer's JSON, with Decimal where a number has a fraction."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """See the module."""

    name: str
    """Its id: small letters, digits and _, such as lightspeed_x."""
    capabilities: Capabilities

    def verify(self, raw: bytes, headers: Headers, url: str, secrets: Sequence[str], now: Millis) -> None:  # noqa: ARG002
        """Raise `SignatureError` unless one of the secrets signed these very bytes, lately.

        `url` is the one that the system was given, and not made up from the request.
        """
        raise IncapableError(f"{self.name} signs nothing")

    def delivery_id(self, headers: Headers, body: Any) -> str:
        """What the system calls this delivery, the same when it repeats it; empty where it has no such name."""
        ...

    def refs(self, body: Any) -> Sequence[Found]:
        """What a webhook is about; nothing for a ping and for an event that is no purchase.

        Raises `RefusedError` for a body that cannot be read.
        """
        ...

    async def reread(self, ref: Found, api: Api) -> Found:  # noqa: ARG002
        """The same with its content."""
        raise IncapableError(f"{self.name} is read by its webhooks alone")

    async def poll(self, cursor: str, api: Api) -> Page:  # noqa: ARG002
        """What changed since the cursor; an empty one asks for as much as a new connection should know."""
        raise IncapableError(f"{self.name} cannot be polled")

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The transaction's net state with its version, or a refund under its own id; nothing for what never counts.

        Raises `RefusedError` for an object that cannot be read.
        """
        ...

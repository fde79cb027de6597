"""What an adapter is: one system of tills, its webhooks and its API -> purchases in the public contract's shape.

An adapter holds no state, no client and no secret: all of it is handed in, so that one instance serves every connection
and its tests need no network. It subclasses `Adapter` and says in its docstring what it needs from the shop; what its
`capabilities` do not name it leaves out. `stamgast.pos.webhook` calls it in order, `stamgast.pos.registry` finds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.pos.connections import Connection
from stamgast.pos.plain_sale import PlainSale

Headers = Mapping[str, str]
"""Of a request, by their names in small letters."""
Document = dict[str, Any]
"""A purchase or a refund in the shape of `stamgast.purchase.v1`."""


class SignatureError(ValueError):
    """A webhook is not from whom it says it is, or too old; the text says why, and holds no secret."""


class IncapableError(RuntimeError):
    """Something was asked of an adapter that its capabilities do not name."""


class ApiError(RuntimeError):
    """A system's API could not be asked, or gave no answer that can be used; the text says why, and holds no secret."""


class GoneError(ApiError):
    """The API has no such object: it was deleted, or belongs to another account."""


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
    subscribes: bool = False
    """Its API makes its webhooks, and lists them."""
    verified: bool = False
    """It was tried with an account of the system; otherwise it stands on the documented shapes alone."""


@dataclass(frozen=True, slots=True)
class ApiSpec:
    """How a system's API is reached. In texts, `{account}` stands for the connection's account."""

    base: str
    """Such as https://{account}/admin/api/2025-10; paths are put behind it. A connection's `api_url` overrides it."""
    auth: Literal["bearer", "basic", "header"] = "bearer"
    """Bearer token; `user:password`, which is sent as Basic; or the secret as it stands in `header`."""
    header: str = "authorization"
    secret: str = "api"  # noqa: S105  its name
    """By which name the connection's file has the credential."""
    per_second: float = 2.0
    """Calls that its provider's limit lets through, of one account."""
    burst: int = 4
    token_url: str = ""
    """Where the secret is exchanged for a bearer token that ends, if it has to be (OAuth)."""
    token_fields: Mapping[str, str] = field(default_factory=dict)
    """The form that is sent there; `{secret}` stands for the secret, `{part[0]}` for what is before its first `:`."""
    token_parts: int = 1
    """Parts, by `:`, of a secret that has to be exchanged. One with fewer is a token already."""
    renewed_part: int | None = None
    """Which part of the secret is a refresh token that its provider may replace whenever it is exchanged."""
    in_documents: bool = False
    """In a call's document, the texts `{part[0]}`, and `{number[1]}` for an integer, stand for parts of the secret, and
    `{secret[name]}` for another secret of the connection's."""


class Need(NamedTuple):
    """Something that a connection has to be told by the shop."""

    name: str
    """`account`, or the secret's name."""
    asks: str
    """The question, and where the shop finds the answer."""
    secret: bool = True
    optional: bool = False


class Answer(NamedTuple):
    """What a system wants to hear. 2xx or 4xx."""

    status: int = 200
    text: str = ""
    media_type: str = "text/plain"
    tell: str = ""
    """What a person has to carry back into the system, such as a code: the log tells it."""


class Found(NamedTuple):
    """An object of the system that a webhook or a poll is about."""

    kind: str
    """As the system calls it: order, receipt, refund."""
    id: str
    content: Any = None
    """The object, where it is known; None: it has to be read again by `reread`."""
    partial: bool = False
    """The content is not the whole (no lines, no store): it is read again where the connection has an API, and taken as
    it is where it has none."""


class Missing(NamedTuple):
    """A webhook that is not there, or was switched off."""

    topic: str
    """As the system calls it."""
    id: str = ""
    """Of the one that was switched off."""


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
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: Any = None,
        form: Mapping[str, str] | None = None,
        once: str = "",
    ) -> Any:
        """Return the answer's JSON, with Decimal where a number has a fraction. `path` begins with /.

        `document` is sent as JSON, `form` as a form; `once` as the Idempotency-Key of systems that know one.

        Raises:
            GoneError: there is no such object.
            ApiError: no answer that can be used, after all repeats.
        """
        ...


@runtime_checkable
class Adapter(Protocol):
    """See the module."""

    name: str
    """Its id: small letters, digits and _, such as lightspeed_x."""
    capabilities: Capabilities
    kinds: Sequence[str] = ()
    """Every `Found.kind` that `snapshot` reads, with an empty id at worst: what `stamgast pos parse --object` names."""
    api: ApiSpec | None = None
    """Needed by what is thin, unsigned or polled."""
    hooks: ApiSpec | None = None
    """How webhooks are made and listed, where that is another API, or wants another credential."""
    clicks: str = ""
    """Where a person pastes the address in the system, step by step, as far as its API does not do that."""
    needs: Sequence[Need] = ()
    """What `stamgast pos connect` asks for. Without: the account, a signed webhook's secret, and the API's."""
    verify_by: str = "--header 'NAME: VALUE'"
    """What `stamgast pos verify` is told beside the secret: the header with the signature, the address where that is
    signed too."""
    check_first: Sequence[str] = ()
    """What could not be tried without an account, a sentence each: docs/pos/<system>.md lists it."""

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

    def decode(self, raw: bytes, headers: Headers) -> Any:  # noqa: ARG002
        """A body that is neither JSON nor a form, read; None: it is one of these. Raises `RefusedError`."""
        return None

    def notice(self, body: Any, headers: Headers) -> Sequence[Found]:  # noqa: ARG002
        """The same as `refs`, for a system that says in a header what its body is about."""
        return self.refs(body)

    def ping(self, raw: bytes, headers: Headers) -> Answer | None:  # noqa: ARG002
        """What a set-up ping or a challenge, which nobody signed, is answered; None: it is none. Nothing is taken."""
        return None

    def answer(self, body: Any) -> Answer:  # noqa: ARG002
        """What the system wants to hear for a notice that was taken, or (`body` is None) kept though it cannot be read.

        Any 2xx will do for most.
        """
        return Answer()

    async def reread(self, ref: Found, api: Api) -> Found:  # noqa: ARG002
        """The same with its content."""
        raise IncapableError(f"{self.name} is read by its webhooks alone")

    async def poll(self, cursor: str, api: Api) -> Page:  # noqa: ARG002
        """What changed since the cursor; an empty one asks for as much as a new connection should know."""
        raise IncapableError(f"{self.name} cannot be polled")

    async def missing(self, address: str, api: Api) -> Sequence[Missing]:  # noqa: ARG002
        """Which of the webhooks that are needed do not call this address."""
        raise IncapableError(f"{self.name} lets nobody make its webhooks by its API")

    async def subscribe(self, missing: Missing, address: str, api: Api, secret: str) -> str:  # noqa: ARG002
        """Make one, or switch it on again; `secret` is what the shop signs by, if it said so.

        Return the secret that the system made to sign by; empty where it makes none. What comes twice does no harm.
        """
        raise IncapableError(f"{self.name} lets nobody make its webhooks by its API")

    def plain(self, found: Found, context: Context) -> PlainSale | None:  # noqa: ARG002
        """The sale that `snapshot` says it is, read a shorter way; None: `snapshot` has to look at it."""
        return None

    def snapshot(self, found: Found, context: Context) -> Sequence[Document]:
        """The transaction's net state with its version, or a refund under its own id; nothing for what never counts.

        Raises `RefusedError` for an object that cannot be read.
        """
        ...

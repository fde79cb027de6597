"""A till's webhook -> what it is about -> purchases, by its system's adapter: always in this order."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from msgspec import Struct

from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.pos.adapter import Adapter, ApiError, Context, Found, Headers, IncapableError, SignatureError
from stamgast.pos.connections import Connection
from stamgast.pos.documents import read_json
from stamgast.pos.problems import RefusedError, UnreadableError
from stamgast.pos.reading import Item, Received, Refused, judged, read_item
from stamgast.pos.roles import Role

log = get_logger(__name__)

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 300
_ANSWERS: Final = (SignatureError, RefusedError, IncapableError, ApiError)
"""What an adapter may raise: whoever calls it knows what to say then."""


class Webhook(Struct, frozen=True):
    """A request as it came. `headers` by small names; `url` is the one that the system was given."""

    raw: bytes
    headers: Headers
    url: str


class Notice(Struct, frozen=True):
    """What a genuine webhook says."""

    delivery_id: str
    found: Sequence[Found]
    body: Any = None
    """What was read of it, for the adapter's answer."""


def read_webhook(
    adapter: Adapter,
    webhook: Webhook,
    secrets: Sequence[str],
    now: Millis,
    *,
    signed: bool | None = None,
    believed: bool | None = None,
) -> Notice:
    """Verify the raw bytes, and only then look into them. `secrets`: more than one while it is being changed.

    What an unsigned system says is a hint: `found` is without contents, to be read again. `signed`: False where this
    connection's webhooks are not, though others of the system are. `believed`: True where its address is proof enough.

    Raises:
        SignatureError: it is not genuine.
        RefusedError: it cannot be read.
    """
    signed = adapter.capabilities.signed if signed is None else signed
    if signed:
        try:
            verify(adapter, webhook, secrets, now)
        except IncapableError as unsigned:
            # Such a delivery needs a connection whose address is secret; at this one anybody could have sent it.
            raise SignatureError(f"{unsigned}: connect it without a webhook's secret for such ones") from None
    believed = signed if believed is None else believed
    with guarded(adapter):
        body = adapter.decode(webhook.raw, webhook.headers)
        body = read_body(webhook.raw, webhook.headers) if body is None else body
        found = adapter.notice(body, webhook.headers)
        delivery = adapter.delivery_id(webhook.headers, body)
    return Notice(delivery, found if believed else [each._replace(content=None) for each in found], body)


def verify(adapter: Adapter, webhook: Webhook, secrets: Sequence[str], now: Millis) -> None:
    """Raise `SignatureError` unless one of the secrets signed it, also where the adapter cannot tell.

    Raises:
        IncapableError: the system does not sign such deliveries.
    """
    try:
        adapter.verify(webhook.raw, webhook.headers, webhook.url, secrets, now)
    except (SignatureError, IncapableError):
        raise
    except Exception as error:
        _note(adapter, error)
        raise SignatureError("its signature cannot be read") from error


class guarded:  # noqa: N801  it is used like a function
    """Refuse what an adapter stumbles over, and log that it did: whatever is sent, it is an answer and no fault.

    A class and no generator: every delivery goes through four of them.
    """

    __slots__ = ("_adapter",)

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def __enter__(self) -> None:
        """Begin to look after it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Say what came of it. Raises `RefusedError` in the place of what is no answer."""
        if not isinstance(error, Exception) or isinstance(error, _ANSWERS):
            return
        _note(self._adapter, error)
        detail = f"the adapter {self._adapter.name} cannot read this: {type(error).__name__}"
        raise RefusedError([{"pointer": "", "detail": detail}]) from error


def _note(adapter: Adapter, error: Exception) -> None:
    log.warning("an adapter stumbled", system=adapter.name, kind=type(error).__name__)


def read_body(raw: bytes, headers: Headers) -> Any:
    """JSON, or a form as a dict of its fields. Raises `UnreadableError`.

    Of a key that comes twice the later one counts: its system signed both, or is asked again.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        return read_json(raw)
    try:
        text = raw.decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise UnreadableError("the body is not a form in UTF-8, or has too many fields") from None


def source_of(connection: Connection) -> str:
    """The CloudEvents source of what a connection brings."""
    return f"/v1/merchants/{connection.merchant}/pos/{connection.name}"


def purchases_of(adapter: Adapter, found: Iterable[Found], context: Context) -> list[Item]:
    """The purchases that these objects mean, by the contract's models; pointers count through them in their order.

    Of a connection that only tells how something was paid, nothing is a purchase: its sale comes from elsewhere.

    Raises:
        ValueError: an object has no content yet: `reread` comes first.
    """
    return [] if context.connection.role is Role.PAYMENT else items_of(adapter, found, context, shown=True)


def items_of(adapter: Adapter, found: Iterable[Found], context: Context, *, shown: bool = False) -> list[Item]:
    """What these objects say in the contract's words, whether that is a sale or only how one was paid.

    One that is not of the contract's shape, or that cannot be read, does not hold up the others. `shown`: to people, by
    the models alone, which know what fields were given. Raises as `purchases_of`.
    """
    items: list[Item] = []
    source = source_of(context.connection)
    for each in found:
        if each.content is None:
            raise ValueError(f"{each.kind} {each.id} is to be read again first")
        place = f"/{len(items)}"
        try:
            with guarded(adapter):
                plain = None if shown else adapter.plain(each, context)
                documents = adapter.snapshot(each, context) if plain is None else ()
        except RefusedError as refused:
            told = [each | {"pointer": f"{place}{each['pointer']}"} for each in refused.problems]
            items.append(Refused(told, place))
            continue
        if plain is not None:
            items.append(Received(plain, place, event_source=source))
        for document in documents:
            item = (judged if shown else read_item)(document, f"/{len(items)}")
            if isinstance(item, Received) and not item.event_source:
                item = Received(item.purchase, item.place, item.event_id, source)
            items.append(item)
    return items

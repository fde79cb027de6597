"""What systems of tills call us with: verified by their raw bytes, read, taken in like any other purchase.

A 2xx says that Kafka has it: the purchases, or a dead letter that holds the whole delivery where something about it has
to be mended first. Systems give up on an address that answers otherwise, and some of them for ever. A 503 asks for the
same again; a forged one gets 401 and no word more.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from stamgast.domain.program import MERCHANT, Program
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.pos.adapter import Adapter, Answer, ApiError, Context, Found, SignatureError
from stamgast.pos.connections import PATH, WEBHOOK, Connection, SecretError
from stamgast.pos.doubt import Doubt
from stamgast.pos.problems import Problem as ProblemAt
from stamgast.pos.problems import RefusedError
from stamgast.pos.registry import BadAdapterError, UnknownSystemError
from stamgast.pos.webhook import Notice, Webhook, guarded, read_webhook
from stamgast.purchases.accept import Taken
from stamgast.state.keys import delivered
from stamgast.tills.intake import Came, reread_all, take
from stamgast.tills.tills import Tills
from stamgast.web.access.doors import Way, open_to
from stamgast.web.auth import check_fit, read_raw, take_or_refuse
from stamgast.web.connections import address_of
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem, unavailable

log = get_logger(__name__)

_REMEMBERED_S: Final = 7 * 24 * 3_600
"""As long as any system repeats a delivery."""
_REREAD_S: Final = 4.0
"""Within this the API has answered, or the system is asked to come again: the first of them waits for five seconds."""
_MENDED_S: Final = 60
SMALL: Final = 20_000
"""Bytes that are read at once; more are read in a thread, so that others need not wait."""
_MOST_TOLD: Final = 100
_LARGEST_ID: Final = 32


class Delivery(Struct, frozen=True):
    """A webhook that came to an address of ours: whose it is, and with what it is taken in."""

    deps: Deps
    tills: Tills
    adapter: Adapter
    connection: Connection
    program: Program
    webhook: Webhook
    at: Millis

    @property
    def signed(self) -> bool:
        """Whether it has to be."""
        return self.tills.is_signed(self.adapter, self.connection)

    @property
    def believed(self) -> bool:
        """Whether what it says counts without being read again."""
        return self.tills.is_believed(self.adapter, self.connection)

    @property
    def context(self) -> Context:
        """What its objects do not say of themselves."""
        return Context(self.connection, self.program)

    async def notice(self) -> Notice:
        """What it says, if it is genuine. Raises `SignatureError`, `SecretError`, `RefusedError`."""
        return self.read() if len(self.webhook.raw) < SMALL else await asyncio.to_thread(self.read)

    def read(self) -> Notice:
        """The same at once."""
        secrets, how = self.tills.secrets(self.connection, WEBHOOK), {"signed": self.signed, "believed": self.believed}
        return read_webhook(self.adapter, self.webhook, secrets, self.at, **how)

    async def come(self, notice: Notice) -> None:
        """Take in what it says, once."""
        remembered = self.remembered_as(notice)
        if remembered and await self.deps.known_deliveries.exists(remembered):
            self.count("repeated")
            return
        if not notice.found:
            self.count("nothing")
            return
        came = await self._take(notice)
        self.note(came.taken, came.doubts)
        if came.refused:
            await self.lay_aside(came.reason)
        else:
            self.count("taken" if came.taken else "paid" if came.paid else "nothing")
        self.remember(remembered)

    def note(self, taken: Sequence[Taken], doubts: Sequence[Doubt]) -> None:
        """Count what Kafka has of it."""
        merchant, metrics = self.connection.merchant, self.deps.metrics
        metrics.purchases_of(merchant).inc(len(taken))
        metrics.doubts.note(merchant, doubts)
        self.tills.feeds.note(self.program, taken, self.at, self.connection)

    def remembered_as(self, notice: Notice) -> str:
        """The key under which it is remembered; empty for one without a name."""
        if not notice.delivery_id:
            return ""
        name = hashlib.sha256(notice.delivery_id.encode(errors="surrogatepass")).hexdigest()[:_LARGEST_ID]
        return delivered(self.connection.merchant, self.connection.name, name)

    def remember(self, key: str) -> None:
        """Know it when it comes again. Versions make a repeat harmless: what is remembered only makes it cheap."""
        if key:
            self.deps.redis.remember_soon(key, self.at, _REMEMBERED_S)

    async def _take(self, notice: Notice) -> Came:
        door, context = self.deps.tills_door, self.context
        if any(each.content is None or each.partial for each in notice.found):
            whole, gone = await self._reread(notice)
            return await take(door, self.adapter, whole, context, self.at, refused=gone)
        return await take(door, self.adapter, notice.found, context, self.at)

    async def _reread(self, notice: Notice) -> tuple[Sequence[Found], list[ProblemAt]]:
        """The objects whole, and what is to be said of those that cannot be had. Raises `Problem` 503."""
        try:
            api = self.tills.apis.of(self.adapter, self.connection)
            async with asyncio.timeout(_REREAD_S):
                return await reread_all(self.adapter, notice.found, api)
        except (ApiError, TimeoutError) as error:
            self.count("unread")
            why = str(error) or "the API did not answer in time"
            log.warning("a notice could not be read again", connection=self.connection.name, why=why)
            raise unavailable("What this is about could not be read again from its system. Send it again.") from None

    async def lay_aside(self, reason: str) -> None:
        """Keep it whole among the dead letters."""
        self.count("laid_aside")
        named = {"merchant": self.connection.merchant, "connection": self.connection.name}
        log.warning("a delivery was laid aside", **named, why=reason)
        raw, headers = self.webhook.raw, self.webhook.headers
        letter = self.tills.letters.record(self.connection, raw, headers, reason, self.at)
        await self.deps.appender.append(self.deps.topics.dead_letters, [letter])

    def answer(self, body: object = None) -> Response:
        """What its system wants to hear; `body` where it could be read."""
        try:
            with guarded(self.adapter):
                return _response(self.adapter.answer(body))
        except RefusedError:
            return _response(Answer())

    def ping(self) -> Answer | None:
        """What it is answered if it is a ping."""
        try:
            with guarded(self.adapter):
                return self.adapter.ping(self.webhook.raw, self.webhook.headers)
        except RefusedError:
            return None

    def count(self, outcome: str) -> None:
        """Count what became of it."""
        connection = self.connection
        self.deps.metrics.deliveries_of(connection.merchant, connection.system, outcome).inc()


@open_to(Way.SIGNED)
async def post_delivery(request: Request) -> Response:
    """`POST /v1/merchants/{merchant}/pos/{system}[/{connection}]`: a webhook of a system of tills."""
    deps = deps_of(request)
    delivery = await _addressed(request, deps)
    if (ping := delivery.ping()) is not None:
        delivery.count("ping")
        if ping.tell:
            told = "".join(each for each in ping.tell[:_MOST_TOLD] if each.isprintable())
            log.info("a system asks for a word", connection=delivery.connection.name, carry_back=told)
        return _response(ping)
    check_fit(deps)
    try:
        notice = await delivery.notice()
    except SignatureError as error:
        delivery.count("forged")
        log.warning("a webhook is not genuine", connection=delivery.connection.name, why=str(error))
        _take_refusal(request, deps)
        raise Problem(401, "signature", "The signature is missing or wrong. Nothing was done.") from None
    except SecretError as error:
        raise _not_ready(delivery.connection, error) from None
    except RefusedError as refused:
        if not delivery.believed:
            raise
        await delivery.lay_aside(str(refused))
        return delivery.answer()  # one that hears anything else sends it again for days
    await delivery.come(notice)
    return delivery.answer(notice.body)


async def _addressed(request: Request, deps: Deps) -> Delivery:
    """Whose webhook it is. Raises `Problem` 404 for any address that was not given out, 503 while that is not known."""
    if not deps.merchants.loaded or deps.tills is None:
        raise unavailable("Not ready: the programmes are still being read.")
    tills, merchant, system = deps.tills, request.path_params["merchant"], request.path_params["system"]
    name, _, token = request.path_params.get("connection", "").partition(".")
    connection = tills.connections.find(merchant, system, name) if MERCHANT.fullmatch(merchant) else None
    program = await deps.merchants.get(merchant) if connection is not None else None
    if connection is None or program is None:
        _take_refusal(request, deps)
        raise _nowhere()
    try:
        adapter = tills.adapter(connection)
        known = is_known(token, tills, adapter, connection)
    except (UnknownSystemError, BadAdapterError, SecretError) as error:
        raise _not_ready(connection, error) from None
    if not known:
        _take_refusal(request, deps)
        raise _nowhere()
    webhook = webhook_of(request.scope, await read_raw(request, deps.limits.batch_bytes), deps)
    return Delivery(deps, tills, adapter, connection, program, webhook, deps.clock.now())


def webhook_of(scope: Scope, raw: bytes, deps: Deps) -> Webhook:
    """A request as adapters read it. The server has written its headers' names in small letters already."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Webhook(raw, headers, _url(scope, deps))


def is_known(token: str, tills: Tills, adapter: Adapter, connection: Connection) -> bool:
    """Whether this is a connection's address, as far as it is secret. Raises `SecretError`."""
    return not _needs_token(tills, adapter, connection) or _is_among(token, tills.secrets(connection, PATH))


def _needs_token(tills: Tills, adapter: Adapter, connection: Connection) -> bool:
    """Where nothing is signed, who knows the address is believed to be the system; some want both."""
    return PATH in connection.sealed or not tills.is_signed(adapter, connection)


def _is_among(token: str, known: list[str]) -> bool:
    return any(hmac.compare_digest(token.encode(), each.encode()) for each in known)


def _response(answer: Answer) -> Response:
    return _PLAIN if answer == Answer() else _made(answer)


def _made(answer: Answer) -> Response:
    return Response(answer.text, answer.status, media_type=answer.media_type)


_PLAIN: Final = _made(Answer())
"""What nearly all systems want to hear, made once: sending it changes nothing of it."""


def _url(scope: Scope, deps: Deps) -> str:
    """The address that the system was given: behind a proxy the request knows another one."""
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    query = scope["query_string"].decode("latin-1")
    return f"{deps.public_url.rstrip('/')}{path}{f'?{query}' if query else ''}"


def _take_refusal(request: Request, deps: Deps) -> None:
    client = address_of(request.client.host) if request.client else ""
    take_or_refuse(deps.refusals, client, "webhooks that are not genuine")


def _not_ready(connection: Connection, error: Exception) -> Problem:
    log.error("a connection cannot be used", merchant=connection.merchant, connection=connection.name, why=str(error))
    return unavailable("This connection is not ready. Send the same again later.", after_s=_MENDED_S)


def _nowhere() -> Problem:
    return Problem(404, "no-connection", "No till is connected at this address. `stamgast pos connect` gives one.")

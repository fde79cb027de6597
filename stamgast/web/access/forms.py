"""What a page sends back: only from our own pages, and only from the one that was shown to this very visitor."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request

from stamgast.users.site import LOCAL, is_loopback
from stamgast.web.auth import read_body
from stamgast.web.deps import deps_of
from stamgast.web.problem import Problem

FIELD: Final = "csrf"
"""The field of a form that carries the page's token; a script sends it as the header `X-CSRF-Token`."""
HEADER: Final = "x-csrf-token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_FORM: Final = "application/x-www-form-urlencoded"
_TYPES: Final = frozenset({_FORM})
_MOST_FIELDS: Final = 500


def page_token(secret: str, merchant: str) -> str:
    """What a page's forms carry: whom they are about, and a proof that nobody can make without the cookie."""
    proof = hmac.new(secret.encode(), f"csrf:{merchant}".encode(), sha256).hexdigest()
    return f"{merchant}.{proof[:43]}"


def merchant_of(token: str, secret: str) -> str | None:
    """For which merchant a page was shown; None for a token that is not of this visitor."""
    merchant = token.rpartition(".")[0]
    return merchant if hmac.compare_digest(page_token(secret, merchant).encode(), token.encode()) else None


def check_origin(request: Request) -> None:
    """Raise `Problem` 403 for a request that changes something and that no page of ours sent."""
    given = request.headers.get("origin", "")
    said = given not in (
        "",
        "null",
    )  # a page with `Referrer-Policy: no-referrer` says null
    if not (_is_ours(request, given) if said else request.headers.get("sec-fetch-site") == "same-origin"):
        detail = "This was not sent by a page of this server. Open the page here, and send it from there."
        raise Problem(403, "origin", detail)


def origin_of(request: Request) -> str:
    """What a browser is at that sent this request: PUBLIC_URL's, or this machine's own where that is loopback."""
    public = urlsplit(deps_of(request).public_url)
    host = urlsplit(f"//{request.headers.get('host', '')}")
    here = host.hostname or ""
    if _is_local(public.hostname or "") and _is_local(here):
        return f"http://{host.netloc}"
    return f"{public.scheme}://{public.netloc}"


def _is_ours(request: Request, origin: str) -> bool:
    """By PUBLIC_URL, or by the name of ours under which the page was opened (`stamgast.web.hosts` let it in)."""
    here = origin_of(request)
    return origin in (here, f"{urlsplit(here).scheme}://{request.headers.get('host', '')}")


def _is_local(host: str) -> bool:
    return host == LOCAL or is_loopback(host)


async def read_sent(request: Request, secret: str, most: int) -> tuple[str, FormData]:
    """For which merchant a page of this visitor sent this, and the form. The body of anything else is still there.

    Raises:
        Problem: 403 where it was no page of ours, or one that was shown to somebody else.
    """
    check_origin(request)
    token, form = request.headers.get(HEADER, ""), FormData()
    if _is_form(request):
        raw = await read_body(request, most, _TYPES)
        form = read_form(raw)
        token = token or str(form.get(FIELD, ""))
    merchant = merchant_of(token, secret)
    if merchant is None:
        detail = "This page is from an earlier session, or not for you. Open it again, and send it from there."
        raise Problem(403, "csrf", detail)
    return merchant, form


def read_form(raw: bytes) -> FormData:
    """A form's fields. Raises `Problem` 400 for one that no page of ours has."""
    try:
        fields = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise Problem(400, "malformed", "This is no form of a page of ours. Open the page again.") from None
    return FormData([*fields])


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM

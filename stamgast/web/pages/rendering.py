"""One way to answer with a page: its template, its language, and a policy under which nothing foreign runs."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stamgast.web.pages.formats import filters
from stamgast.web.pages.icons import icon_url
from stamgast.web.pages.languages import COOKIE, LOCALES, NAMES, PARAMETER, known, language_of, texts
from stamgast.web.pages.looks import OURS, sheet_of
from stamgast.web.pages.static_files import url_of

TEMPLATES: Final = Path(__file__).parent / "templates"
POLICY: Final = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "script-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
CONNECTS: Final = "connect-src 'self'"
"""For `allow`: of pages whose script asks the server, or listens to it."""
_YEAR_S: Final = 31_536_000
_JSON: Final = "application/json"
_HTML: Final = "text/html"


class PageRoute(Route):
    """A route that people open: what it refuses is told on a page."""


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    usual: str | None = None,
    colour: str = OURS,
    noindex: bool = True,
    allow: Sequence[str] = (),
    referrer: str = "same-origin",
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Answer with a page of a template (`<area>/<name>.html`) and what it shows.

    `usual` is the language where nobody has chosen one; `colour` is the merchant's (`#rrggbb`); `allow` holds
    directives beside `POLICY`; `noindex=False` is for pages that search engines should find. A page whose address
    is a secret says `referrer="no-referrer"`: its forms come without an `Origin`.
    """
    language = language_of(request, usual)
    text = render(request, template, usual=usual, colour=colour, noindex=noindex, **values)
    answer = Response(text, status, media_type=_HTML, headers=_headers(noindex=noindex, allow=allow, language=language))
    answer.headers["Referrer-Policy"] = referrer
    answer.headers.update(headers or {})
    if chosen := known(request.query_params.get(PARAMETER)):
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, chosen, max_age=_YEAR_S, samesite="lax", httponly=True, secure=secure)
    return answer


def render(
    request: Request, template: str, *, usual: str | None = None, colour: str = OURS, noindex: bool = True,
    **values: Any,
) -> str:  # fmt: skip
    """A template's text in the reader's language; takes what `page` takes."""
    language = language_of(request, usual)
    return (
        environment(language)
        .get_template(template)
        .render(
            values,
            request=request,
            language=language,
            languages=_other_languages(request),
            look=None if colour == OURS else sheet_of(colour),
            colour=colour,
            noindex=noindex,
        )
    )


def answer(request: Request, template: str, model: Any, **how: Any) -> Response:
    """Answer with a page that shows `model` (a dataclass or a struct), or with it as JSON, as `Accept` asks.

    `how` is what `page` takes beside the template; the template finds what is shown as `model`.
    """
    if not wants_json(request):
        shown = page(request, template, model=model, **how)
        shown.headers["Vary"] = "Accept, Accept-Language, Cookie"
        return shown
    headers = {"Cache-Control": "no-store", "Vary": "Accept", "X-Content-Type-Options": "nosniff"}
    content = msgspec.json.encode(model, enc_hook=str)
    return Response(content, how.get("status", 200), {**headers, **how.get("headers", {})}, _JSON)


def problem_page(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Tell somebody that something was refused, in their language; a handler that knows more has its own page."""
    return page(request, "problem.html", status=status, headers=headers, code=status)


def wants_json(request: Request) -> bool:
    """Whether JSON is asked for, and no page."""
    accepted = request.headers.get("accept", "")
    return _JSON in accepted and _HTML not in accepted


def is_for_people(request: Request) -> bool:
    """Whether a refusal is told on a page: to a browser, or on a page's own address to whoever asks for no JSON."""
    if _HTML in request.headers.get("accept", ""):
        return True
    return isinstance(request.scope.get("route"), PageRoute) and not wants_json(request)


@cache
def environment(language: str) -> Environment:
    """The templates as a language has them."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    install: Any = vars(made)["install_gettext_translations"]  # the extension's
    install(texts(language), newstyle=True)
    made.filters.update(filters(language))
    made.globals["static"] = url_of
    made.globals["icon"] = icon_url
    return made


def _headers(*, noindex: bool, allow: Sequence[str], language: str) -> dict[str, str]:
    found = {
        "Content-Security-Policy": "; ".join([*POLICY, *allow]),
        "Cache-Control": "private, no-store",
        "Content-Language": language,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
    }
    return found | ({"X-Robots-Tag": "noindex, nofollow"} if noindex else {})


def _other_languages(request: Request) -> dict[str, tuple[str, str]]:
    """The same page in each language: its name in itself, and the query that asks for it."""
    return {
        language: (NAMES[language], str(request.url.include_query_params(**{PARAMETER: language}).query))
        for language in LOCALES
    }

"""What is refused is told on a page to people, and as `application/problem+json` to programs."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.web.pages.rendering import is_for_people, problem_page

_KEPT: Final = frozenset({"retry-after", "allow", "www-authenticate"})
Handler = Callable[[Request, Exception], Awaitable[Response]]


def page_or(handler: Handler) -> Handler:
    """The handler's answer, or a page with its status to somebody who looks at pages."""

    async def told(request: Request, error: Exception) -> Response:
        answer = await handler(request, error)
        if not is_for_people(request):
            return answer
        kept = {name: value for name, value in answer.headers.items() if name in _KEPT}
        return problem_page(request, answer.status_code, kept)

    return told

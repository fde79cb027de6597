from collections.abc import Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from stamgast.web.pages.refusals import page_or
from stamgast.web.pages.routes import page_routes
from stamgast.web.problem import Problem, answer_http_error, answer_problem


@pytest.fixture
def open_site() -> Callable[..., httpx.AsyncClient]:
    """A client of an app that serves pages, and what routes a test adds."""

    def made(*routes: BaseRoute) -> httpx.AsyncClient:
        app = Starlette(
            routes=[*routes, *page_routes()],
            exception_handlers={Problem: page_or(answer_problem), HTTPException: page_or(answer_http_error)},
        )
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.example")

    return made

"""Where pages are; `stamgast.web.app` serves them behind the routes of tills and carriers."""

from starlette.routing import BaseRoute

from stamgast.web.pages.account.routes import account_routes
from stamgast.web.pages.customer.routes import customer_routes
from stamgast.web.pages.design import get_design
from stamgast.web.pages.icons import get_icon
from stamgast.web.pages.marketer.routes import marketer_routes
from stamgast.web.pages.rendering import PageRoute
from stamgast.web.pages.static_files import get_look, get_static
from stamgast.web.pages.till.routes import till_routes


def page_routes() -> list[BaseRoute]:
    """Each area adds its own."""
    return [
        *account_routes(),
        *marketer_routes(),
        *till_routes(),
        PageRoute("/static/{hash}/{name:path}", get_static, methods=["GET"]),
        PageRoute("/look/{colour}.css", get_look, methods=["GET"]),
        PageRoute("/look/{colour}-{size:int}.png", get_icon, methods=["GET"]),
        PageRoute("/design", get_design, methods=["GET"]),
        *customer_routes(),
    ]

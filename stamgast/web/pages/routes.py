"""Where pages are; `stamgast.web.app` serves them behind the routes of tills and carriers."""

from starlette.routing import BaseRoute

from stamgast.web.pages.account.routes import account_routes
from stamgast.web.pages.design import get_design
from stamgast.web.pages.marketer.month_report import get_newest, get_report, get_shared, post_link
from stamgast.web.pages.marketer.overview import get_live, get_overview
from stamgast.web.pages.marketer.rules import get_history, get_launch, get_rule, get_rules, post_launch
from stamgast.web.pages.rendering import PageRoute
from stamgast.web.pages.static_files import get_look, get_static


def page_routes() -> list[BaseRoute]:
    """Each area adds its own."""
    return [
        *account_routes(),
        PageRoute("/static/{hash}/{name:path}", get_static, methods=["GET"]),
        PageRoute("/look/{colour}.css", get_look, methods=["GET"]),
        PageRoute("/design", get_design, methods=["GET"]),
        PageRoute("/app", get_overview, methods=["GET"]),
        PageRoute("/app/live", get_live, methods=["GET"]),
        PageRoute("/app/report", get_newest, methods=["GET"]),
        PageRoute("/app/report/{month}", get_report, methods=["GET"]),
        PageRoute("/app/report/{month}/link", post_link, methods=["POST"]),
        PageRoute("/app/rules", get_rules, methods=["GET"]),
        PageRoute("/app/rules/{rule}", get_rule, methods=["GET"]),
        PageRoute("/app/rules/{rule}/history", get_history, methods=["GET"]),
        PageRoute("/app/rules/{rule}/launch", get_launch, methods=["GET"]),
        PageRoute("/app/rules/{rule}/launch", post_launch, methods=["POST"]),
        PageRoute("/report/{token}", get_shared, methods=["GET"]),
    ]

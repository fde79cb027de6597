"""Where pages are; `stamgast.web.app` serves them behind the routes of tills and carriers."""

from starlette.routing import BaseRoute

from stamgast.web.pages.account.routes import account_routes
from stamgast.web.pages.customer.card import get_card
from stamgast.web.pages.customer.claim import get_claim_page, post_claim_page
from stamgast.web.pages.customer.data import get_data, post_code, post_data
from stamgast.web.pages.customer.join import get_join, post_join
from stamgast.web.pages.customer.picture import get_picture
from stamgast.web.pages.customer.preferences import get_preferences, post_preferences, post_stop
from stamgast.web.pages.design import get_design
from stamgast.web.pages.marketer.routes import marketer_routes
from stamgast.web.pages.rendering import PageRoute
from stamgast.web.pages.static_files import get_look, get_static


def page_routes() -> list[BaseRoute]:
    """Each area adds its own."""
    return [
        *account_routes(),
        *marketer_routes(),
        PageRoute("/static/{hash}/{name:path}", get_static, methods=["GET"]),
        PageRoute("/look/{colour}.css", get_look, methods=["GET"]),
        PageRoute("/design", get_design, methods=["GET"]),
        PageRoute("/c/{token}.png", get_picture, methods=["GET"]),
        PageRoute("/c/{token}", get_card, methods=["GET"]),
        PageRoute("/c/{token}/preferences", get_preferences, methods=["GET"]),
        PageRoute("/c/{token}/preferences", post_preferences, methods=["POST"]),
        PageRoute("/c/{token}/data", get_data, methods=["GET"]),
        PageRoute("/c/{token}/data", post_data, methods=["POST"]),
        PageRoute("/c/{token}/data/code", post_code, methods=["POST"]),
        PageRoute("/c/{token}/stop", post_stop, methods=["POST"]),
        PageRoute("/j/{code}", get_join, methods=["GET"]),
        PageRoute("/j/{code}", post_join, methods=["POST"]),
        PageRoute("/j/{merchant}/{code}", get_join, methods=["GET"]),
        PageRoute("/j/{merchant}/{code}", post_join, methods=["POST"]),
        PageRoute("/r/{token}", get_claim_page, methods=["GET"]),
        PageRoute("/r/{token}", post_claim_page, methods=["POST"]),
    ]

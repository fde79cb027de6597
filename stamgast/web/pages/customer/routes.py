"""Where the pages of customers are."""

from starlette.routing import BaseRoute

from stamgast.web.pages.customer.card import get_card, get_manifest
from stamgast.web.pages.customer.claim import get_claim_page, post_claim_page
from stamgast.web.pages.customer.data import get_data, post_code, post_data
from stamgast.web.pages.customer.join import get_join, post_join
from stamgast.web.pages.customer.picture import get_picture
from stamgast.web.pages.customer.preferences import get_preferences, post_preferences, post_stop
from stamgast.web.pages.customer.wallet import get_google, get_pkpass
from stamgast.web.pages.rendering import PageRoute


def customer_routes() -> list[BaseRoute]:
    """Each with its method."""
    card = "/c/{token}"
    return [
        PageRoute(f"{card}.png", get_picture, methods=["GET"]),
        PageRoute(f"{card}.pkpass", get_pkpass, methods=["GET"]),
        PageRoute(card, get_card, methods=["GET"]),
        PageRoute(f"{card}/app.webmanifest", get_manifest, methods=["GET"]),
        PageRoute(f"{card}/google", get_google, methods=["GET"]),
        PageRoute(f"{card}/preferences", get_preferences, methods=["GET"]),
        PageRoute(f"{card}/preferences", post_preferences, methods=["POST"]),
        PageRoute(f"{card}/stop", post_stop, methods=["POST"]),
        PageRoute(f"{card}/data", get_data, methods=["GET"]),
        PageRoute(f"{card}/data", post_data, methods=["POST"]),
        PageRoute(f"{card}/data/code", post_code, methods=["POST"]),
        PageRoute("/j/{code}", get_join, methods=["GET"]),
        PageRoute("/j/{code}", post_join, methods=["POST"]),
        PageRoute("/j/{merchant}/{code}", get_join, methods=["GET"]),
        PageRoute("/j/{merchant}/{code}", post_join, methods=["POST"]),
        PageRoute("/r/{token}", get_claim_page, methods=["GET"]),
        PageRoute("/r/{token}", post_claim_page, methods=["POST"]),
    ]

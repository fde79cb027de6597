"""Where the marketer's pages are."""

from starlette.routing import BaseRoute

from stamgast.web.pages.marketer import customers, health, rule_editing, segments
from stamgast.web.pages.marketer.connections import get_connections
from stamgast.web.pages.marketer.month_report import get_newest, get_report, get_shared, post_link
from stamgast.web.pages.marketer.overview import get_live, get_overview
from stamgast.web.pages.marketer.rule_history import get_history
from stamgast.web.pages.marketer.rules import get_launch, get_rule, get_rules, post_launch
from stamgast.web.pages.rendering import PageRoute


def marketer_routes() -> list[BaseRoute]:
    """All of them."""
    return [
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
        PageRoute("/app/rules/{rule}/edit", rule_editing.get_edit, methods=["GET"]),
        PageRoute("/app/rules/{rule}/edit", rule_editing.post_edit, methods=["POST"]),
        PageRoute("/app/rules/{rule}/check", rule_editing.post_check, methods=["POST"]),
        PageRoute("/app/rules/{rule}/words", rule_editing.get_words, methods=["GET"]),
        PageRoute("/app/rules/{rule}/back", rule_editing.get_back, methods=["GET"]),
        PageRoute("/app/customers", customers.get_search, methods=["GET"]),
        PageRoute("/app/customers", customers.post_search, methods=["POST"]),
        PageRoute("/app/customers/{customer}", customers.get_customer, methods=["GET"]),
        PageRoute("/app/customers/{customer}/consents", customers.get_consents, methods=["GET"]),
        PageRoute("/app/customers/{customer}/erase", customers.get_erase, methods=["GET"]),
        PageRoute("/app/customers/{customer}/erase", customers.post_erase, methods=["POST"]),
        PageRoute("/app/connections", get_connections, methods=["GET"]),
        PageRoute("/app/segments", segments.get_segments, methods=["GET"]),
        PageRoute("/app/segments/{by}/{name:path}", segments.get_segment, methods=["GET"]),
        PageRoute("/app/health", health.get_health, methods=["GET"]),
        PageRoute("/app/health/live", health.get_live, methods=["GET"]),
        PageRoute("/report/{token}", get_shared, methods=["GET"]),
    ]

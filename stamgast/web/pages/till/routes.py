"""Where the till's page is."""

from starlette.routing import BaseRoute

from stamgast.web.pages.rendering import PageRoute
from stamgast.web.pages.till.attaching import post_attach
from stamgast.web.pages.till.enrolling import post_enrol
from stamgast.web.pages.till.offline import get_manifest, get_worker
from stamgast.web.pages.till.serving import get_till, post_find, post_redeem, post_stamps, post_undo


def till_routes() -> list[BaseRoute]:
    """All of it. Whoever loads the address of a form anew is at the field again."""
    forms = {
        "find": post_find,
        "redeem": post_redeem,
        "stamps": post_stamps,
        "undo": post_undo,
        "enrol": post_enrol,
        "attach": post_attach,
    }
    return [
        PageRoute("/till/app.webmanifest", get_manifest, methods=["GET"]),
        PageRoute("/till/sw.js", get_worker, methods=["GET"]),
        PageRoute("/till", get_till, methods=["GET"]),
        *(PageRoute(f"/till/{name}", get_till, methods=["GET"]) for name in forms),
        *(PageRoute(f"/till/{name}", handler, methods=["POST"]) for name, handler in forms.items()),
    ]

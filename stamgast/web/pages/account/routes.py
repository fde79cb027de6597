"""Where these pages are."""

from __future__ import annotations

from starlette.routing import BaseRoute

from stamgast.web.pages.account import audit, invitations, pairing, sessions, signing_in, tills, users
from stamgast.web.pages.rendering import PageRoute


def account_routes() -> list[BaseRoute]:
    """All of them."""
    link, user = "/app/invitation/{token}", "/app/users/{user}"
    return [
        PageRoute("/app/sign-in", signing_in.get_sign_in, methods=["GET"]),
        PageRoute("/app/sign-in", signing_in.post_sign_in, methods=["POST"]),
        PageRoute("/app/sign-in/options", signing_in.post_options, methods=["POST"]),
        PageRoute("/app/sign-out", signing_in.post_sign_out, methods=["POST"]),
        PageRoute(link, invitations.get_invitation, methods=["GET"]),
        PageRoute(link, invitations.post_invitation, methods=["POST"]),
        PageRoute(f"{link}/options", invitations.post_options, methods=["POST"]),
        PageRoute("/app/sessions", sessions.get_sessions, methods=["GET"]),
        PageRoute("/app/sessions/end", sessions.post_end, methods=["POST"]),
        PageRoute("/app/passkeys", sessions.post_passkey, methods=["POST"]),
        PageRoute("/app/passkeys/options", sessions.post_passkey_options, methods=["POST"]),
        PageRoute("/app/passkeys/remove", sessions.post_remove_passkey, methods=["POST"]),
        PageRoute("/app/merchant", sessions.post_merchant, methods=["POST"]),
        PageRoute("/app/users", users.get_users, methods=["GET"]),
        PageRoute("/app/users", users.post_user, methods=["POST"]),
        *(PageRoute(f"{user}/{form}", users.get_back, methods=["GET"]) for form in ("link", "role", "revoke")),
        PageRoute(f"{user}/link", users.post_link, methods=["POST"]),
        PageRoute(f"{user}/role", users.post_role, methods=["POST"]),
        PageRoute(f"{user}/revoke", users.post_revoke, methods=["POST"]),
        PageRoute(f"{user}/end-sessions", users.post_end_sessions, methods=["POST"]),
        PageRoute("/app/audit", audit.get_audit, methods=["GET"]),
        PageRoute("/app/tills", tills.get_tills, methods=["GET"]),
        PageRoute("/app/tills", tills.post_till, methods=["POST"]),
        PageRoute("/app/tills/{device}/revoke", tills.post_revoke, methods=["POST"]),
        PageRoute("/till/pair", pairing.get_pair, methods=["GET"]),
        PageRoute("/till/pair", pairing.post_pair, methods=["POST"]),
        PageRoute("/till/pair/{code}", pairing.get_code, methods=["GET"]),
        PageRoute("/till/pair/{code}", pairing.post_code, methods=["POST"]),
        PageRoute("/till/device", pairing.get_device, methods=["GET"]),
        PageRoute("/till/operator", pairing.post_operator, methods=["POST"]),
        PageRoute("/till/unpair", pairing.post_unpair, methods=["POST"]),
    ]

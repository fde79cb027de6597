"""What lets Faust's own consumer in at Kafka."""

from __future__ import annotations

from typing import Any

from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials

from stamgast.log.address import locks_at
from stamgast.log.locks import AsyncTokens


def credentials_at(bootstrap: str) -> Any:
    """As Faust takes them; None where everybody is let in."""
    locks = locks_at(bootstrap)
    if not locks.with_name:
        return None if locks.tls is None else SSLCredentials(locks.tls)
    if locks.tokens is not None:
        return OAuthCredentials(oauth_cb=AsyncTokens(locks.tokens), ssl_context=locks.tls)
    return SASLCredentials(
        username=locks.username, password=locks.password, mechanism=locks.mechanism, ssl_context=locks.tls
    )

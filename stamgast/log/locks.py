"""What lets a client in at Kafka: TLS, and a name with a password (SCRAM, PLAIN) or with tokens (OAUTHBEARER)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aiokafka.abc import AbstractTokenProvider as AsyncTokenProvider
from kafka.net.sasl.oauth import AbstractTokenProvider

from stamgast.log.tokens import TokenSource


@dataclass(frozen=True)
class Locks:
    """`protocol` and `mechanism` are Kafka's own words."""

    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    """Whom to believe who the broker is; empty: whom this machine believes."""
    tokens: TokenSource | None = None

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """How to speak TLS; None where it is not spoken."""
        if not self.protocol.endswith("SSL"):
            return None
        return ssl.create_default_context(cafile=self.ca_file or None)

    @property
    def with_name(self) -> bool:
        """Say whether a client says who it is."""
        return self.protocol.startswith("SASL")

    def for_aiokafka(self) -> dict[str, Any]:
        """The options of its clients."""
        return self._options(None if self.tokens is None else AsyncTokens(self.tokens))

    def for_kafka_python(self) -> dict[str, Any]:
        """The options of its clients."""
        return self._options(None if self.tokens is None else BlockingTokens(self.tokens))

    def _options(self, tokens: object) -> dict[str, Any]:
        found: dict[str, Any] = {"security_protocol": self.protocol}
        if self.tls is not None:
            found["ssl_context"] = self.tls
        if self.with_name:
            found["sasl_mechanism"] = self.mechanism
            if tokens is not None:
                found["sasl_oauth_token_provider"] = tokens
            else:
                found |= {"sasl_plain_username": self.username, "sasl_plain_password": self.password}
        return found


class AsyncTokens(AsyncTokenProvider):  # type: ignore[misc]  # aiokafka ships no types
    """Tokens as aiokafka asks for them."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def token(self) -> str:
        """One that is still good."""
        return await asyncio.to_thread(self._source.token)


class BlockingTokens(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python ships no types
    """Tokens as kafka-python asks for them."""

    def __init__(self, source: TokenSource) -> None:
        super().__init__()
        self._source = source

    def token(self) -> str:
        """One that is still good."""
        return self._source.token()

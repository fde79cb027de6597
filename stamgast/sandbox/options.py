"""What a sandbox is told when it starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stamgast.clock.shop_time import RealClock
from stamgast.domain.units import Millis
from stamgast.settings import SANDBOX_AUTH_TOKEN

ACCOUNT_PREFIX = "ACsandbox"
DEFAULT_ACCOUNT = "ACsandbox00000000000000000000000000"
DEFAULT_AUTH_TOKEN = SANDBOX_AUTH_TOKEN


@dataclass(slots=True)
class Delays:
    """How long, in milliseconds of real time, a message takes for each step of its way."""

    sent: int = 150
    delivered: int = 350
    read: int = 1500


@dataclass(slots=True)
class SandboxOptions:
    """Settings of one sandbox. `now` is shop time, so that lists and windows follow a driven clock."""

    now: Callable[[], Millis] = RealClock().now
    auth_token: str = DEFAULT_AUTH_TOKEN
    """What webhooks are signed with."""
    inbound_url: str = ""
    """Where messages that people write are posted; nowhere if empty."""
    token: str = ""
    """Asked for on every request if set; a sandbox off loopback must have one."""
    delays: Delays = field(default_factory=Delays)
    advanced_opt_out: bool = False
    """Say `OptOutType` in the inbound webhook, as a messaging service with Advanced Opt-Out does."""
    types_of: Callable[[str], Mapping[str, Any]] = lambda _: {}
    """What a ContentSid says that nobody gave the sandbox, as the Content API has it; empty where nobody knows."""

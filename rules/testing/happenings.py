"""What else can happen to a customer in a rule's test, besides purchases, refunds and time."""

from dataclasses import dataclass

from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel


@dataclass(frozen=True, slots=True)
class Join:
    """The customer joins, agreeing to every message. Without it they have joined before the first step."""

    at: Millis
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tell:
    """The customer tells when their birthday is (`MM-DD`)."""

    at: Millis
    birthday: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The customer writes; an empty `keyword` is none."""

    at: Millis
    keyword: str = ""
    channel: str = Channel.SMS


@dataclass(frozen=True, slots=True)
class GetReward:
    """The customer is given a voucher, whatever for."""

    at: Millis
    reward: str


@dataclass(frozen=True, slots=True)
class Redeem:
    """The voucher with that number, counted from the first that was given (from 0; -1: the last), is used."""

    at: Millis
    voucher: int

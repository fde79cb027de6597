"""Friends whom the customer of a rule's test brings: they join by the customer's code, buy, and give it back."""

from dataclasses import dataclass

from stamgast.domain.units import Millis, Minor

NO_REFERRAL = "nobody brings a friend here: program.yaml has no `referral`"
NO_REFERRAL_HINT = "Write `referral: {reward: …, friend_reward: …}`, or `referral: true`."


@dataclass(frozen=True, slots=True)
class FriendBuys:
    """Another friend joins by the customer's code and buys something. `amount` in minor units."""

    at: Millis
    amount: Minor
    store: str


@dataclass(frozen=True, slots=True)
class FriendReturns:
    """The friend who bought last gives all of it back."""

    at: Millis

"""`referral:` of program.yaml: customers who bring friends.

`referral: {reward: coffee, friend_reward: coffee, least: 10 EUR, within: 60 days, most: 5 per month, join: friends}`
"""

import re
from collections.abc import Mapping
from typing import Final

from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.reader import Reader
from rules.yaml.words import WordError, parse_duration
from stamgast.domain.joining import JoinCode
from stamgast.domain.program import Reward
from stamgast.domain.referrals import WINDOW, ReferralRules
from stamgast.domain.units import DAY, Millis, Minor

WORDS: Final = ("reward", "friend_reward", "least", "within", "most", "join")
LONGEST: Final[Millis] = 366 * DAY
_MOST: Final = re.compile(r"([1-9][0-9]{0,3}) (?:per|a) month")


def read_referral(
    reader: Reader, node: Node | None, currency: str, rewards: Mapping[str, Reward], codes: Mapping[str, JoinCode]
) -> ReferralRules | None:
    """Read it; None where nothing is said. `referral: true` is all that is usual.

    Where there is one code to JOIN by alone, it says what a friend agrees to who joins by writing.
    """
    if node is None:
        return None
    only = next(iter(codes)) if len(codes) == 1 else ""
    if isinstance(node, ScalarNode) and node.value in {None, True, False}:
        return None if node.value is False else ReferralRules(join=only)
    with reader.showing("referral: {reward: coffee, friend_reward: coffee}"):
        found = reader.mapping(node, "referral", WORDS)
    least: Minor | None = reader.money(found["least"], "least", currency) if "least" in found else 0
    window: Millis | None = reader.word(found["within"], "within", parse_duration) if "within" in found else WINDOW
    if "within" in found and window is not None and not DAY <= window <= LONGEST:
        reader.problem(found["within"], "`within` is from a day to a year", "Such as `within: 60 days`.")
        window = WINDOW
    most = reader.word(found["most"], "most", _per_month) if "most" in found else None
    return ReferralRules(
        reward=_reward(reader, found, "reward", rewards),
        friend_reward=_reward(reader, found, "friend_reward", rewards),
        least=least or 0,
        window=window or WINDOW,
        most_per_month=most,
        join=(reader.known(found["join"], "join", codes, "code of `join`") or "") if "join" in found else only,
    )


def _reward(reader: Reader, found: Mapping[str, Node], word: str, rewards: Mapping[str, Reward]) -> str | None:
    return reader.known(found[word], word, rewards, "reward") if word in found else None


def _per_month(text: str) -> int:
    match = _MOST.fullmatch(text.strip())
    if match is None:
        raise WordError(f'"{text}" is no number of friends a month', "Write it as `5 per month`.")
    return int(match[1])

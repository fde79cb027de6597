"""Triggers on a voucher's life: given, about to end, used, ended."""

from collections.abc import Collection, Mapping
from typing import ClassVar, Final

from rules.engine import CompiledTrigger, Fires, always
from rules.language.conditions.moments import listed
from rules.language.registry import Context, Schema
from rules.language.schema_parts import DURATION, TEXT, one_or_more
from rules.language.triggers import PERIODS, TRIGGERS, Trigger
from rules.language.triggers.purchases import SETTING_FREE, stands_alone
from rules.yaml.nodes import MapNode, Node
from rules.yaml.words import parse_duration
from stamgast.domain.awaited import Awaited
from stamgast.domain.facts import Fact
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import FactName, OncePer, TimerKind

MAY: Final = (OncePer.REWARD, *PERIODS)
SOONEST: Final[Millis] = 1
IN: Final = "in"
REWARD: Final = "reward"


def read_rewards(node: Node, name: str, context: Context) -> tuple[str, ...] | None:
    """Which rewards it is about; empty for any; None when problems were noted."""
    reader = context.reader
    if stands_alone(node):
        return ()
    found = [reader.known(item, name, context.program.rewards, "reward") for item in reader.items(node, name)]
    rewards = tuple(dict.fromkeys(each for each in found if each is not None))
    return rewards if rewards and None not in found else None


def of_these(rewards: Collection[str]) -> Fires:
    """Fires for a fact about one of these rewards."""
    wanted = frozenset(rewards)
    return lambda fact: fact.data["reward"] in wanted


class _RewardTrigger(Trigger):
    """Happens once per voucher; any reward will do unless some are named."""

    text: ClassVar[str]
    open: ClassVar[bool]
    """The voucher can be used, so that a message may speak of it."""

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """Nothing, a reward or several."""
        rewards = read_rewards(node, self.name, context)
        if rewards is None:
            return None
        return CompiledTrigger(
            self.name,
            f"{listed(rewards) if rewards else 'any reward'} {self.text}",
            self.facts,
            of_these(rewards) if rewards else always,
            OncePer.REWARD,
            MAY,
            has_purchase=False,
            voucher=self.open,
            rewards=rewards,
        )

    def schema(self) -> Schema:
        """Nothing, or rewards' ids."""
        return {"anyOf": [*SETTING_FREE["anyOf"], *one_or_more(TEXT)["anyOf"]]}


@TRIGGERS.add
class RewardGivenTrigger(_RewardTrigger):
    """A voucher for a reward was given, by a card or by a rule. Once per voucher.

    What a rule gives for it sets off nothing more. A message about it does not go if the voucher is used or taken back
    before.

    Example::

        when:
          reward_given: free_loaf
    """

    name = "reward_given"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant een beloning krijgt",
        "fr": "un client reçoit une récompense",
        "de": "ein Kunde eine Belohnung bekommt",
        "en": "a customer is given a reward",
    }
    facts = (FactName.REWARD_GIVEN,)
    text = "being given"
    open = True


@TRIGGERS.add
class RewardRedeemedTrigger(_RewardTrigger):
    """A voucher was used at the till. Once per voucher. A till that takes its request back undoes it.

    Example::

        when: reward_redeemed
    """

    name = "reward_redeemed"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een klant een beloning inlevert",
        "fr": "un client utilise une récompense",
        "de": "ein Kunde eine Belohnung einlöst",
        "en": "a customer redeems a reward",
    }
    facts = (FactName.REWARD_REDEEMED,)
    text = "being redeemed"
    open = False


@TRIGGERS.add
class RewardExpiredTrigger(_RewardTrigger):
    """A voucher's time ended and nobody had used it. Once per voucher.

    Of a customer's vouchers beyond the twentieth it is noticed at the end of their last day, once for each reward.

    Example::

        when:
          reward_expired: [free_loaf]
    """

    name = "reward_expired"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een beloning verloopt",
        "fr": "une récompense expire",
        "de": "eine Belohnung abläuft",
        "en": "a reward expires",
    }
    facts = (FactName.REWARD_EXPIRED,)
    text = "ending unused"
    open = False


@TRIGGERS.add
class RewardExpiresInTrigger(Trigger):
    """A voucher that was not used yet ends in so long. Once per voucher.

    A voucher that is given for less than that is not told of, nor is one that somebody has beyond the twenty at hand.
    `{in: 3 days, reward: free_loaf}` speaks of some rewards only. A message about it does not go if the voucher is
    used before.

    Example::

        when:
          reward_expires_in: 3 days
    """

    name = "reward_expires_in"
    says: ClassVar[Mapping[str, str]] = {
        "nl": "een beloning bijna verloopt",
        "fr": "une récompense va expirer",
        "de": "eine Belohnung bald abläuft",
        "en": "a reward is about to expire",
    }
    facts = (FactName.REWARD_ENDING,)

    def read(self, node: Node, context: Context) -> CompiledTrigger | None:
        """A length of time, with rewards if not any will do."""
        reader = context.reader
        rewards: tuple[str, ...] | None = ()
        if isinstance(node, MapNode):
            found = reader.mapping(node, self.name, (IN, REWARD), (IN,))
            if IN not in found:
                return None
            rewards = read_rewards(found[REWARD], REWARD, context) if REWARD in found else ()
            node = found[IN]
        left = reader.word(node, self.name, parse_duration)
        if left is None or rewards is None:
            return None
        if left == 0:
            reader.problem(node, f"`{self.name}` must be longer than zero", "When it has ended: `reward_expired`.")
            return None
        short = [name for name in rewards or context.program.rewards if context.program.rewards[name].valid_for <= left]
        if short:
            message = f"{listed(tuple(short))} is valid no longer than that unless a rule says so"
            reader.problem(node, message, "Of such a voucher nothing is told.", warning=True)
        of_them = of_these(rewards) if rewards else always

        def fires(fact: Fact) -> bool:
            return fact.after == left and of_them(fact)

        text = f"{left // DAY} days" if left % DAY == 0 else f"{left // 3_600_000} hours"
        return CompiledTrigger(
            self.name,
            f"{listed(rewards) if rewards else 'any reward'} ending in {text}",
            self.facts,
            fires,
            OncePer.REWARD,
            MAY,
            has_purchase=False,
            voucher=True,
            awaited=Awaited(TimerKind.ENDING, left),
            rewards=rewards,
        )

    def schema(self) -> Schema:
        """A length of time, alone or with rewards."""
        full: Schema = {
            "type": "object",
            "properties": {IN: DURATION, REWARD: one_or_more(TEXT)},
            "required": [IN],
            "additionalProperties": False,
        }
        return {"anyOf": [DURATION, full]}

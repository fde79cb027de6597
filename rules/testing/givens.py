"""What a rule's test is given: purchases, refunds, time that passes; in a sentence or as a list of steps.

A sentence is made of parts joined by `, then`; each begins with purchases, a refund, time, or the till's feed:
`7 purchases of bread, one per day from 2026-10-01 08:00, then a refund of the last, then 40 days pass`.
What a part does not say is taken from what is usual: the first store, 10 units of money, one a day, from the
morning of Monday 5 January 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from rules.testing.friends import NO_REFERRAL, NO_REFERRAL_HINT, FriendBuys, FriendReturns
from rules.testing.happenings import (
    ANSWERS,
    BeAsked,
    Consent,
    GetReward,
    Join,
    Post,
    Redeem,
    Reply,
    Start,
    Tell,
    Win,
    channel_called,
    fields_of,
    purpose_called,
)
from rules.yaml.problems import nearest, suggest
from rules.yaml.words import (
    BY_STORE_HINT,
    FEED_STATES,
    NEVER_QUIET,
    NO_KEYWORD,
    NO_STORES,
    QUIET,
    UNWATCHED,
    UNWATCHED_HINT,
    WordError,
)
from stamgast.domain.calendar import at_local, local_time
from stamgast.domain.currencies import exponent_of
from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program
from stamgast.domain.spans import Span
from stamgast.domain.units import DAY, HOUR, Day, Millis, Minor
from stamgast.domain.vocabulary import Channel

MAX_STEPS: Final = 2_000
"""Of one test, of whatever kind."""
LONGEST_STORY: Final[Millis] = 20 * 366 * DAY
"""From the first step of a test to its last."""
FIRST_YEARS: Final = (0, 84_006)
"""Days between which a test takes place: from 1970 to 2199."""
FIRST_DAY: Final[Day] = 20_458
"""Monday 5 January 2026."""
FIRST_MINUTE: Final = 10 * 60
_BIRTHDAY: Final = re.compile(r"[0-9]{2}-[0-9]{2}")


_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Buy:
    """A purchase of one line. `amount` in minor units."""

    at: Millis
    store: str
    amount: Minor
    product: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The purchase with that number (from 0) is refunded in full."""

    at: Millis
    purchase: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes up to a moment."""

    until: Millis


@dataclass(frozen=True, slots=True)
class FeedTurns:
    """From now on the feed of the tills counts as healthy, quiet or stale, in one store or (without a name) in all."""

    at: Millis
    health: Health
    store: str = ""


Step = (
    Buy | GiveBack | Wait | FeedTurns | Join | Tell | Consent | Reply | BeAsked | GetReward | Redeem | Post | Start
    | FriendBuys | FriendReturns | Win
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """All steps in the order of time, the language of the customer (empty: the programme's first), and who they are
    held out of: ids of rules, and an empty one for the rule whose test it is.
    """

    steps: tuple[Step, ...]
    language: str = ""
    held_out_of: tuple[str, ...] = ()
    variant: str = ""
    """Which of the rule's messages that are compared the customer gets; empty: the one that falls to them."""


@dataclass(slots=True)
class Group:
    """Purchases as one part of a sentence describes them."""

    count: int
    day: Day | None = None
    minute: int | None = None
    every_days: int = 1
    store: str | None = None
    amount: Minor | None = None
    what: str | None = None


class Story:
    """Steps so far and where the clock stands."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.language = ""
        self.held_out_of: list[str] = []
        self.variant = ""
        self._day, self._minute = FIRST_DAY, FIRST_MINUTE
        self._bought = 0
        self._friends = 0
        self._began: Millis | None = None
        self._now: Millis = at_local(FIRST_DAY, FIRST_MINUTE, program.time_zone)

    def buy(self, group: Group) -> None:
        """Add the purchases of a group."""
        day = self._day if group.day is None else group.day
        minute = self._minute if group.minute is None else group.minute
        product, category = self._goods(group.what)
        self._hold(group.count)
        for _ in range(group.count):
            at = moment(day, minute, self.program)
            if at < self._now and self.steps:
                raise WordError(
                    "this happens before the step that is written before it",
                    "Write the steps in the order in which they happen.",
                )
            self._add(Buy(at, self._store(group.store), self._amount(group.amount), product, category), at)
            self._bought += 1
            day += group.every_days
        self._day, self._minute = day, minute

    def give_back(self, which: str, at: Millis | None = None) -> None:
        """Refund the `last`, the `first` or the `nth` purchase, an hour later unless said."""
        self._hold(1)
        ordinal = {"last": self._bought, "first": 1}.get(which) or number_in(re.sub(r"[^0-9]", "", which))
        if not 1 <= ordinal <= self._bought:
            bought = "1 purchase" if self._bought == 1 else f"{self._bought} purchases"
            first = "Let something be bought first: 3 purchases of bread, then a refund of the last."
            hint = f"So far: {bought}. Write last, first, 2nd, 3rd ..." if self._bought else first
            raise WordError(f"there is no {which[:_SHOWN]} purchase to refund", hint)
        at = self._now + HOUR if at is None else at
        self._add(GiveBack(at, ordinal - 1), at)

    def wait(self, length: Millis | Span) -> None:
        """Let time pass; months on the calendar, until the same time of day."""
        self._hold(1)
        if isinstance(length, Span):
            local = local_time(self._now, self.program.time_zone)
            until = moment(length.leaves(local.day), local.minute, self.program)
        else:
            until = self._now + length
        self._add(Wait(until), until)
        local = local_time(self._now, self.program.time_zone)
        self._day, self._minute = local.day, local.minute

    def come_to(self, day: Day, minute: int) -> None:
        """What is told next happens at that moment."""
        at = moment(day, minute, self.program)
        if at < self._now and self.steps:
            raise WordError(
                "this happens before the step that is written before it",
                "Write the steps in the order in which they happen.",
            )
        self._day, self._minute, self._now = day, minute, at

    def join(self, day: Day | None = None, minute: int | None = None, source: str = "", *, agrees: bool = True) -> None:
        """The customer joins: first, for who has bought something is known already."""
        if self.steps:
            raise WordError("the customer has joined already", "Write this first.")
        if day is not None:
            self._day, self._minute = day, FIRST_MINUTE if minute is None else minute
            self._now = moment(self._day, self._minute, self.program)
        self._tell(Join(self._now, source, agrees))

    def tell_birthday(self, text: str) -> None:
        """The customer tells when their birthday is, such as `10-21`."""
        if not _is_day_of_year(text):
            raise WordError(f'"{text}" is not a birthday', 'Write month and day: "10-21".')
        self._tell(Tell(self._now, text))

    def consent(self, *, given: bool, to: str = "", by: str = "") -> None:
        """The customer agrees to messages, or takes that back; to all of them by every channel unless said."""
        self._tell(Consent(self._now, given, purpose_called(to), channel_called(by)))

    def hold_out(self, rule: str = "") -> None:
        """The customer is in a rule's control group: in that of the rule whose test it is, unless said."""
        if rule not in self.held_out_of:
            self.held_out_of.append(rule)

    def get_variant(self, name: str) -> None:
        """The customer is one of those who get that one of the rule's messages that are compared."""
        if self.variant not in {"", name}:
            raise WordError(f"nobody gets both {self.variant} and {name}", "Write a test for each variant.")
        self.variant = name

    def reply(self, keyword: str = "", channel: str = Channel.SMS, *, media: bool = False) -> None:
        """The customer writes."""
        [by] = channel_called(channel)
        if keyword and keyword not in ANSWERS:
            raise WordError(f'unknown keyword "{keyword}"', suggest(keyword, ANSWERS))
        self._tell(Reply(self._now, "" if keyword == NO_KEYWORD else keyword, by, int(media)))

    def ask(self, question: str) -> None:
        """The customer is asked a question, by whichever rule."""
        if question not in self.program.questions:
            raise WordError(f'unknown question "{question}"', suggest(question, self.program.questions))
        self._tell(BeAsked(self._now, question))

    def write(self, text: str, channel: str = Channel.SMS) -> None:
        """The customer writes this; what it means is read as at the door."""
        [by] = channel_called(channel)
        self._tell(Reply(self._now, channel=by, text=text))

    def get_reward(self, reward: str) -> None:
        """The customer is given a reward."""
        if reward not in self.program.rewards:
            raise WordError(f'unknown reward "{reward}"', suggest(reward, self.program.rewards))
        self._tell(GetReward(self._now, reward))

    def win(self, draw: str, reward: str = "") -> None:
        """A draw is drawn, and the customer wins that, or nothing; of an instant win the next entries do."""
        known = self.program.draws.get(draw)
        if known is None:
            raise WordError(f'unknown draw "{draw}"', suggest(draw, self.program.draws))
        prizes = [prize.reward for prize in known.prizes]
        if reward and reward not in prizes:
            raise WordError(f'"{reward}" is no prize of {draw}', suggest(reward, prizes))
        self._tell(Win(self._now, draw, reward))

    def redeem(self, which: str) -> None:
        """The `last`, the `first` or the `nth` voucher is used."""
        number = {"last": 0, "first": 1}.get(which)
        if number is None and not (number := number_in(re.sub(r"[^0-9]", "", which))):
            raise WordError(f'"{which[:_SHOWN]}" is no voucher of the customer\'s', "Write last, first, 2nd, 3rd ...")
        self._tell(Redeem(self._now, number - 1))

    def post(self, event: str, told: Mapping[str, object] | None = None) -> None:
        """An event of program.yaml is posted, with what it carries."""
        self._tell(Post(self._now, event, fields_of(self.program.events, event, told or {})))

    def friend_buys(self, amount: Minor | None = None) -> None:
        """Another friend joins by the customer's code, and buys."""
        self._hold_referral()
        self._tell(FriendBuys(self._now, self._amount(amount), self._store(None)))
        self._friends += 1

    def friend_returns(self) -> None:
        """The friend who bought last gives it back."""
        self._hold_referral()
        if not self._friends:
            raise WordError("no friend has bought anything", "Let one buy first: a friend buys.")
        self._tell(FriendReturns(self._now))

    def _hold_referral(self) -> None:
        if self.program.referral is None:
            raise WordError(NO_REFERRAL, NO_REFERRAL_HINT)

    def start_campaign(self) -> None:
        """Somebody starts the rule's campaign."""
        self._tell(Start(self._now))

    def feed_is(self, state: str, store: str = "") -> None:
        """The till's feed turns quiet or stale, or healthy again; of one store, or of all."""
        if state not in FEED_STATES:
            raise WordError(f'unknown state of a feed "{state}"', suggest(state, FEED_STATES))
        if not self.program.store_feeds.by_store:
            if not self.program.feed_stale_after:
                raise WordError(UNWATCHED, UNWATCHED_HINT)
            if store or state == QUIET:
                raise WordError(NO_STORES if store else NEVER_QUIET, BY_STORE_HINT)
        self._hold(1)
        self._add(FeedTurns(self._now, Health(state), self._store(store) if store else ""), self._now)

    def speaks(self, language: str) -> None:
        """The customer's language."""
        if language not in self.program.languages:
            hint = f"{suggest(language, self.program.languages)} `languages` of program.yaml says which there are."
            raise WordError(f'"{language}" is not a language of this programme', hint)
        self.language = language

    def given(self) -> Given:
        """The steps that the sentences made, in the order of time."""
        return Given(tuple(self.steps), self.language, tuple(self.held_out_of), self.variant)

    def _tell(self, step: Step) -> None:
        """Something that happens now."""
        self._hold(1)
        self._add(step, self._now)

    def _hold(self, more: int) -> None:
        if len(self.steps) + more > MAX_STEPS:
            hint = "A rule shows what it does with a few: threshold, one less, and a refund."
            raise WordError(f"a test has at most {MAX_STEPS:,} steps", hint)

    def _add(self, step: Step, at: Millis) -> None:
        self.steps.append(step)
        self._now = at
        self._began = at if self._began is None else min(self._began, at)
        if at - self._began > LONGEST_STORY:
            raise WordError("a test takes at most twenty years", "Nothing that a rule waits for takes longer.")

    def _store(self, store: str | None) -> str:
        stores = self.program.stores
        if store is None:
            return next(iter(stores), "")
        if store not in stores:
            raise WordError(f'unknown store "{store}"', suggest(store, stores))
        return store

    def _amount(self, amount: Minor | None) -> Minor:
        return 10 * 10 ** exponent_of(self.program.currency) if amount is None else amount

    def _goods(self, what: str | None) -> tuple[str | None, str | None]:
        """(product, category) that a word stands for."""
        products, categories = known_goods(self.program)
        if what is None or what in products:
            return what, None
        match = nearest(what, products | categories) if what not in categories else None
        if match is not None:
            raise WordError(f'unknown product or category "{what}"', f'Did you mean "{match}"?')
        return None, what


def number_in(digits: str) -> int:
    """What they say, or more than any test may have of anything."""
    return int(digits or 0) if len(digits.lstrip("0")) <= len(str(MAX_STEPS)) else MAX_STEPS + 1


def time_of(step: Step) -> Millis:
    """When a step takes place; of a wait its end."""
    return step.until if isinstance(step, Wait) else step.at


def moment(day: Day, minute: int, program: Program) -> Millis:
    """A moment on the merchant's clock. Raises `WordError` for one in which no test takes place."""
    if not FIRST_YEARS[0] <= day < FIRST_YEARS[1]:
        raise WordError("this is not between 1970 and 2199", "Tests take place in these years.")
    return at_local(day, minute, program.time_zone)


def _is_day_of_year(text: str) -> bool:
    try:
        return bool(_BIRTHDAY.fullmatch(text)) and bool(date.fromisoformat(f"2000-{text}"))
    except ValueError:
        return False


def known_goods(program: Program) -> tuple[frozenset[str], frozenset[str]]:
    """Products and categories that the programme speaks of."""
    cards = program.cards.values()
    products = (
        frozenset(product for card in cards for product in card.products) | program.watch | program.recommend.skus
    )
    categories = frozenset(category for card in cards for category in card.categories)
    return products, categories | frozenset(program.costs.category_margins)

"""Vouchers: issued, withdrawn, reopened, redeemed, expired."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.currencies import format_money
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.facts import ALWAYS_ALIKE, Fact
from stamgast.domain.occasions import CARDS, STEP, card_of
from stamgast.domain.program import Program
from stamgast.domain.purchases import MEMORY
from stamgast.domain.units import DAY, Millis, Minor
from stamgast.domain.vocabulary import FactName, TimerKind, VoucherState
from stamgast.domain.voucher_terms import Terms, Use

REFUSED_REQUESTS = 4
"""So many requests that were taken back a voucher remembers: they may still be on their way."""

FORGETTING_FROM = 20
"""Vouchers that a customer has before those of the distant past are looked for."""

SHOP_CODE: Final = "shop_code"
"""What an activation's data call the code of the shop's own that a voucher has."""


class Answer(Struct, frozen=True, omit_defaults=True):
    """The owner's answer to a redemption: an HTTP status, and what to tell the till."""

    status: int
    detail: str
    reward: str = ""
    code: str = ""
    voucher: str = ""
    """Where a request was taken back: the voucher's state since."""
    discount: Minor | None = None
    """What it takes off the receipt, in minor units; None: it is for a thing."""
    uses_left: int | None = None
    """How often it can be used again at most, where that is more than once; None else."""
    rest: Minor | None = None
    """What is left of an amount that can be used bit by bit."""
    new_code: str = ""
    """Of one that was given another code."""
    usable_from: Millis = 0
    """Of one that cannot be used yet."""


class Basket(NamedTuple):
    """What a voucher is used on, as far as the till says it."""

    at: Millis
    currency: str
    receipt: str = ""
    """The transaction."""
    total: Minor = 0

    @property
    def was_said(self) -> bool:
        """Whether the till says anything of the receipt."""
        return bool(self.receipt or self.total)


Ground = tuple[str, str, str, str]
"""Cause, rule, reward, and the rule's occasion where causes do not tell one time (or one step of the rule) from
another: what a customer gets one voucher for."""


def ground_of(voucher: Voucher) -> Ground:
    """What a voucher was given for."""
    told_apart = voucher.cause in ALWAYS_ALIKE or STEP in voucher.occasion
    occasion = voucher.occasion if told_apart else ""
    return voucher.cause, voucher.rule, voucher.reward, occasion


def by_ground(vouchers: Iterable[Voucher]) -> dict[Ground, Voucher]:
    """Find vouchers by what they were given for; of two alike, which cannot be, the older one."""
    return {ground_of(v): v for v in reversed(tuple(vouchers))}


def given_before(customer: Customer, rule: str, reward: str, occasion: str, cause: str) -> Voucher | None:
    """What a rule gave for an occasion, if it is to be had again for this cause, or still is.

    What was taken back opens again for whatever comes about next, under the code that people hold. Those from before
    occasions were kept are found by their cause alone.
    """
    kept = occasion if occasion != cause else ""
    those = [v for v in customer.vouchers if v.rule == rule and v.reward == reward and v.occasion in (kept, "")]
    here = [v for v in those if v.cause == cause]
    if here:
        return here[-1]
    others = [v for v in those if kept and v.occasion == kept]
    if not others or any(v.state != VoucherState.WITHDRAWN for v in others):
        return None
    return others[-1]


def issue(customer: Customer, voucher: Voucher, known: dict[Ground, Voucher]) -> tuple[Voucher, bool]:
    """Give a reward once per cause and rule; a withdrawn one is opened again.

    `known` are the customer's vouchers `by_ground`; a new one is added to it. Returns the voucher the customer holds
    now, and whether it is (again) new.
    """
    ground = ground_of(voucher)
    held = known.get(ground)
    if held is None:
        forget(customer, voucher.issued_at, known)
        customer.vouchers.append(voucher)
        known[ground] = held = voucher
        customer.timers[timer_of(held.code)] = held.expires_at
        return held, True
    return held, reopen(customer, held, voucher.issued_at, voucher.expires_at)


def reopen(customer: Customer, voucher: Voucher, at: Millis, expires_at: Millis) -> bool:
    """Earned again: one that was withdrawn opens. Says whether it was."""
    if voucher.state != VoucherState.WITHDRAWN:
        voucher.void = False
        return False
    voucher.state, voucher.issued_at, voucher.expires_at = VoucherState.OPEN, at, expires_at
    customer.timers[timer_of(voucher.code)] = expires_at
    return True


def forget(customer: Customer, at: Millis, known: dict[Ground, Voucher]) -> None:
    """Drop vouchers of cards that ended before all transactions that may still change (`MEMORY`).

    Nothing comes back to them: the stamps of these cards are settled, so none of them is reopened, and a till that asks
    for their codes has long been told that nobody knows them. What a figure earned may be earned again, and stays.
    """
    if len(customer.vouchers) < FORGETTING_FROM:
        return
    gone = [voucher for voucher in customer.vouchers if is_past(voucher, at) and voucher.state != VoucherState.OPEN]
    if gone:
        for voucher in gone:
            known.pop(ground_of(voucher), None)
        codes = {voucher.code for voucher in gone}
        customer.vouchers = [voucher for voucher in customer.vouchers if voucher.code not in codes]


def is_past(voucher: Voucher, at: Millis) -> bool:
    """Whether a card's voucher ended before all transactions that may still change."""
    return voucher.expires_at < at - MEMORY and voucher.cause.startswith(CARDS)


def withdraw(customer: Customer, undone: Callable[[str, str], bool]) -> list[Voucher]:
    """Take back what nobody has used yet of what was given; `undone` says for which cause and rule."""
    given = [v for v in customer.vouchers if undone(v.cause, v.rule)]
    for voucher in given:
        voucher.void |= voucher.state == VoucherState.REDEEMED
    taken = [v for v in given if v.state == VoucherState.OPEN]
    for voucher in taken:
        voucher.state = VoucherState.WITHDRAWN
        customer.timers.pop(timer_of(voucher.code), None)
    return taken


def newest_used(vouchers: Iterable[Voucher], card: str, up_to: int) -> int:
    """The newest card up to that number whose reward was redeemed; 0: none. It cannot be reopened.

    What it gave on its way does not count: it is had for the stamps up to there, which are on the card again.
    """
    used = [card_number(v.cause, card) for v in vouchers if v.was_used and not v.of_level]
    return max((number for number in used if number <= up_to), default=0)


def unused_cards(vouchers: Sequence[Voucher], card: str, at: Millis) -> set[int]:
    """The numbers of that card's cards of which a reward is open and none was used."""
    used = {card_number(each.cause, card) for each in vouchers if each.was_used and not each.of_level}
    mine = (each for each in vouchers if each.state == VoucherState.OPEN and not each.of_level)
    opened = {card_number(each.cause, card) for each in mine if each.expires_at > at}
    return opened - used - {0}


def card_number(cause: str, card: str) -> int:
    """Which of that stamp card's cards a cause speaks of, `card:bread:3` of the third; 0: of none."""
    of, number = card_of(cause)
    return number if of == card else 0


def expire(customer: Customer, voucher: Voucher | None, at: Millis) -> bool:
    """End an open voucher whose time has come."""
    if voucher is None or voucher.state != VoucherState.OPEN or voucher.expires_at > at:
        return False
    if voucher.terms is not None and voucher.terms.awaits_code:  # nobody could use it where it is to be used
        voucher.expires_at = at + DAY
        customer.timers[timer_of(voucher.code)] = voucher.expires_at
        return False
    voucher.state = VoucherState.EXPIRED
    customer.timers.pop(timer_of(voucher.code), None)
    return True


def with_code(customer: Customer, code: str) -> Voucher | None:
    """Find the voucher among those at hand."""
    return next((v for v in customer.vouchers if v.code == code), None)


def redeem(customer: Customer, code: str, request: str, basket: Basket) -> tuple[Answer, list[Fact]]:
    """Use a voucher. The same request again gets the same answer; another one is told why not.

    One whose time has come must have been let end before.
    """
    voucher = with_code(customer, code)
    if voucher is None:
        return _not_there(customer, code), []
    terms = voucher.terms
    if request and (voucher.redeemed_by == request or (terms is not None and terms.use_by(request))):
        return _was_redeemed(voucher, request), []
    if request in voucher.refused:
        return was_taken_back(voucher), []
    if voucher.state != VoucherState.OPEN:
        return Answer(409, f"This voucher is {voucher.state}.", voucher.reward, code), []
    if terms is None and basket.was_said:
        terms = voucher.terms = Terms()
    use = None
    if terms is not None:
        refused = _not_for(terms, basket)
        if refused:
            return replace(refused, reward=voucher.reward, code=code), []
        use = terms.use(request, basket.receipt, basket.total)
    if terms is None or not terms.uses_left:
        voucher.state, voucher.redeemed_by = VoucherState.REDEEMED, request
        customer.timers.pop(timer_of(code), None)
    fact = Fact(
        FactName.REWARD_REDEEMED, occasion_of(voucher.known_as, use), data={"reward": voucher.reward, "code": code}
    )
    return _was_redeemed(voucher, request), [fact]


def _not_there(customer: Customer, code: str) -> Answer:
    if any(each.terms is not None and code in each.terms.formerly for each in customer.vouchers):
        return Answer(409, "This voucher has another code now.", code=code)
    return Answer(404, "There is no voucher with this code.", code=code)


def _not_for(terms: Terms, basket: Basket) -> Answer | None:
    """Why it cannot be used on this receipt, or not yet."""
    if basket.at < terms.usable_from:
        return Answer(409, "This voucher cannot be used yet.", usable_from=terms.usable_from)
    if terms.needs_total and basket.total <= 0:
        return Answer(422, "This voucher takes money off a receipt: say what that comes to (`total_minor`).")
    if basket.total < terms.least:
        return Answer(409, f"This voucher is for receipts of {format_money(terms.least, basket.currency)} and more.")
    return None


def _was_redeemed(voucher: Voucher, request: str) -> Answer:
    terms = voucher.terms
    use = None if terms is None else terms.use_by(request)
    if terms is None or use is None:
        return Answer(200, "Redeemed.", voucher.reward, voucher.code)
    several = terms.uses > 1 or (terms.worth is not None and terms.worth.keeps_rest)
    return Answer(
        200,
        "Redeemed.",
        voucher.reward,
        voucher.code,
        discount=None if terms.worth is None else use.discount,
        uses_left=terms.uses_left if several else None,
        rest=terms.rest if terms.worth is not None and terms.worth.keeps_rest else None,
    )


def take_redemption_back(
    customer: Customer, code: str, request: str, at: Millis
) -> tuple[Voucher | None, Use | None, bool]:
    """Let a request redeem nothing, whether it came already or is still to come.

    Returns the voucher, None if there is no such one, the use that is taken back where uses are told apart, and whether
    the request had redeemed it: then it can be used again, unless its time has passed or what it was given for is gone.
    """
    voucher = with_code(customer, code)
    if voucher is None:
        return None, None, False
    if request not in voucher.refused:
        voucher.refused = [*voucher.refused, request][-REFUSED_REQUESTS:]
    use = None if voucher.terms is None else voucher.terms.use_by(request)
    if use is None and (voucher.state != VoucherState.REDEEMED or voucher.redeemed_by != request):
        return voucher, None, False
    give_back(customer, voucher, use, at)
    return voucher, use, True


def give_back(customer: Customer, voucher: Voucher, use: Use | None, at: Millis) -> None:
    """One use did not count after all."""
    if use is not None and voucher.terms is not None:
        voucher.terms.take_back(use)
    if voucher.state != VoucherState.REDEEMED:
        return  # it has uses left, or has ended meanwhile
    in_time = VoucherState.OPEN if voucher.expires_at > at else VoucherState.EXPIRED
    voucher.state = VoucherState.WITHDRAWN if voucher.void else in_time
    voucher.redeemed_by, voucher.void = "", False
    if voucher.state == VoucherState.OPEN:
        customer.timers[timer_of(voucher.code)] = voucher.expires_at


def void(customer: Customer, voucher: Voucher) -> None:
    """Nobody can use it any more, whatever comes about."""
    voucher.state = VoucherState.VOIDED
    customer.timers.pop(timer_of(voucher.code), None)


def recode(customer: Customer, voucher: Voucher, code: str) -> None:
    """Let it go on under another code."""
    terms = voucher.terms = voucher.terms or Terms()
    terms.formerly = [*terms.formerly, voucher.code]
    ends = customer.timers.pop(timer_of(voucher.code), None)
    charge = customer.charges.pop(voucher.code, None)
    for activation in customer.activations:
        if activation.voucher == voucher.code:
            activation.voucher, activation.data = code, {**activation.data, "code": code}
    voucher.code = code
    if ends is not None:
        customer.timers[timer_of(code)] = ends
    if charge is not None:
        customer.charges[code] = charge


def was_taken_back(voucher: Voucher) -> Answer:
    """What a request to redeem is told once it was taken back."""
    return Answer(409, "This request was taken back.", voucher.reward, voucher.code, voucher.state)


def cost_of_use(program: Program, voucher: Voucher, use: Use) -> Minor:
    """What one use costs the shop: what it took off, or what the reward is said to cost."""
    if voucher.terms is not None and voucher.terms.worth is not None:
        return use.discount
    reward = program.rewards.get(voucher.reward)
    return 0 if reward is None else reward.cost or 0


def occasion_of(code: str, use: Use | None = None) -> str:
    """What a voucher's use is an occasion for: each of several is one of its own."""
    return f"voucher:{code}" if use is None or use.number == 1 else f"voucher:{code}:{use.number}"


def given_occasion(code: str) -> str:
    """What a voucher's being given is an occasion for."""
    return f"given:{code}"


def given_fact(voucher: Voucher) -> Fact:
    """A voucher was given, or opened again."""
    return Fact(FactName.REWARD_GIVEN, given_occasion(voucher.known_as), data=_words_of_open(voucher))


def ending_fact(voucher: Voucher, left: Millis) -> Fact:
    """A voucher that can be used ends in so many milliseconds."""
    return Fact(FactName.REWARD_ENDING, f"ending:{voucher.known_as}", after=left, data=_words_of_open(voucher))


def expired_fact(voucher: Voucher) -> Fact:
    """A voucher that nobody used has ended."""
    return Fact(FactName.REWARD_EXPIRED, f"expired:{voucher.known_as}", data=_words_of(voucher))


def code_words(voucher: Voucher) -> dict[str, str]:
    """What data of a message say of its code of the shop's own, if it has one."""
    return {SHOP_CODE: voucher.terms.shop_code} if voucher.terms is not None and voucher.terms.shop_code else {}


def _words_of(voucher: Voucher) -> dict[str, Any]:
    words = {"reward": voucher.reward, "code": voucher.code, "valid_until": voucher.expires_at}
    return words | code_words(voucher)


def _words_of_open(voucher: Voucher) -> dict[str, Any]:
    """`voucher`: a message about it goes only while it is open."""
    return _words_of(voucher) | {"voucher": voucher.code}


def timer_of(code: str) -> str:
    """Name of the timer that ends a voucher."""
    return f"{TimerKind.VOUCHER}:{code}"

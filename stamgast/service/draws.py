"""Entries in draws: made by rules within the draw's caps, and taken back with their reason until it is drawn.

Beside the states stands who takes part with which lowest ticket, so that a draw looks at nobody else
(`stamgast.domain.draws.Best`). Of an instant win each entry is decided at once; a prize is taken from its stock, which
is leased to partitions as the money of budgets is.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from rules.actions import EnterDraw, InstantWin
from stamgast.domain.budgets import MILLS, charged_to
from stamgast.domain.calendar import business_day
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.draw_events import EntriesMoved, MovedEntry
from stamgast.domain.draws import (
    DRAWN,
    LOST,
    PASSED,
    WON,
    Draw,
    Entered,
    Entry,
    Prize,
    best_of,
    draw_of_prize,
    entry_id,
    seed_of,
    stocks_for,
    ticket_of,
)
from stamgast.domain.facts import Fact
from stamgast.domain.purses import Ask, encode_ask
from stamgast.domain.rewards import cost_of_use
from stamgast.domain.told import public
from stamgast.domain.units import Day
from stamgast.domain.vocabulary import FactName
from stamgast.domain.voucher_terms import Use
from stamgast.service import telling
from stamgast.service.case import Case, Firing

MOST_KEPT: Final = 50
"""Draws that a state remembers; of those that are over the oldest are forgotten."""
PASSES: Final = b"passes:"
"""Begins what stands for a winner whose prize is to go on, with the number of the place."""
OF_DRAW: Final = "draw:"
"""Begins the name of what asks the stock of an instant prize, with the draw and the entry after colons."""
_encode: Final = msgspec.json.Encoder().encode


def enter(case: Case, firing: Firing, action: EnterDraw) -> None:
    """Put entries into a draw; for an occasion that comes about again, those that were taken back."""
    draw = case.program.draws.get(action.draw)
    if draw is None or draw.instant or draw.is_closed:
        return
    made = sum(_enter(case, firing, draw, number) is not None for number in range(action.entries))
    if made:
        case.change.entered.append((firing.rule.id, draw.id, made))
        _keep_best(case, draw.id)


def play(case: Case, firing: Firing, action: InstantWin) -> None:
    """Let the ticket decide; a prize that it hits is asked of its stock."""
    draw = case.program.draws.get(action.draw)
    if draw is None or not draw.instant or firing.again:
        return
    entry = _enter(case, firing, draw, 0)
    if entry is None:
        return
    case.change.entered.append((firing.rule.id, draw.id, 1))
    prize = _hit(case, draw, entry)
    if prize is None:
        lose(case, draw.id, entry.id)
        return
    entry.prize = prize.reward
    case.customer.draws[draw.id].waiting.append(entry.id)
    zone, asks = case.program.time_zone, case.change.asks
    to = [charged_to(name, budget, case.at, zone) for name, budget in stocks_for(draw, prize.reward)]
    name = f"{OF_DRAW}{draw.id}:{entry.id}"
    ask = Ask(case.program.merchant, case.customer_id, name, to, MILLS, case.at, len(asks))
    asks[name_of_ask(case, name)] = encode_ask(ask)


def _hit(case: Case, draw: Draw, entry: Entry) -> Prize | None:
    luck = case.context.luck
    if luck is not None:
        return next((prize for prize in draw.prizes if prize.reward == luck.get(draw.id)), None)
    return draw.hit_by(ticket_of(_seed(case, draw.id), case.customer_id, entry.id))


def name_of_ask(case: Case, name: str) -> str:
    """How an entry's question is called beside the states."""
    return f"{case.program.merchant}:{case.customer_id}:{name}"


def lose(case: Case, draw: str, entry: str, reason: str = "") -> None:
    """An entry of an instant win comes to nothing: rules answer that once all others have spoken."""
    telling.of_draw(case, draw, LOST, entry, reason=reason)
    case.count(counter(Counter.DRAW, draw, LOST))
    case.moved.append(Fact(FactName.DRAWN, f"{DRAWN}{draw}:{entry}", data={"draw": draw, "won": False, "place": 0}))


def take_off(case: Case, undone: Callable[[str, str], bool]) -> None:
    """The reason of entries went away. Of a draw that is being drawn, or has been, they stay.

    `undone` is asked with cause and rule.
    """
    for draw_id, entered in case.customer.draws.items():
        draw = case.program.draws.get(draw_id)
        if draw is not None and draw.is_closed and not draw.instant:
            continue
        going = [each for each in entered.entries if not each.back and undone(each.cause, each.rule)]
        for each in going:
            _take_back(case, draw_id, entered, each)
            case.change.entered.append((each.rule, draw_id, -1))
        if going:
            _keep_best(case, draw_id)


def forget(case: Case) -> None:
    """The person is forgotten: they take part in nothing any more; a draw that is being drawn leaves them out then."""
    kept: dict[str, Entered] = {}
    for draw_id, entered in case.customer.draws.items():
        draw = case.program.draws.get(draw_id)
        if entered.how or (draw is not None and draw.is_closed and not draw.instant):
            kept[draw_id] = entered
            continue
        for each in [each for each in entered.entries if not each.back]:
            _take_back(case, draw_id, entered, each)
        case.change.entries[_name(case, draw_id)] = None
    case.customer.draws = kept


def move_to(case: Case, customer: str) -> None:
    """The customer is another one from now on, who is told what of theirs takes part in draws that are to come."""
    for draw_id, entered in case.customer.draws.items():
        standing = [each for each in entered.entries if not each.back]
        if standing and _is_to_come(case, draw_id, entered):
            moved = tuple(
                MovedEntry(each.id, each.rule, each.cause, each.day, each.occasion, each.receipt) for each in standing
            )
            merchant = case.program.merchant
            event = EntriesMoved(merchant=merchant, customer=customer, at=case.at, draw=draw_id, entries=moved)
            case.change.tells.append(event)


def moved_in(case: Case, event: EntriesMoved) -> None:
    """Take over what somebody brings along who is this customer now, as far as the draw's caps allow for it.

    An entry that is known stays as it is, also one that was taken back: both made it for the same thing.
    """
    draw, entered = case.program.draws.get(event.draw), case.customer.draws.get(event.draw) or Entered()
    if draw is None or case.customer.erased_at or not _is_to_come(case, event.draw, entered):
        return
    known, made = {each.id for each in entered.entries}, 0
    for each in event.entries:
        if each.id in known:
            continue
        if not _has_room_for(draw, entered, each.day):
            case.count(counter(Counter.DRAW, draw.id, Tally.TOO_MANY))
            continue
        entered = case.customer.draws.get(draw.id) or _remembered(case, draw.id)
        entry = Entry(each.id, each.rule, each.cause, each.day, each.occasion, each.receipt)
        entered.entries.append(entry)
        _made(case, draw.id, entered, entry)
        made += 1
    if made:
        _keep_best(case, draw.id)


def _is_to_come(case: Case, draw_id: str, entered: Entered) -> bool:
    draw = case.program.draws.get(draw_id)
    return draw is not None and not draw.instant and not draw.is_closed and not entered.how


def pass_on(case: Case, draw: str, entered: Entered) -> None:
    """The prize goes to the next reserve: the first partition hears of it from the owner of this one."""
    entered.how = PASSED
    case.change.entries[_name(case, draw)] = PASSES + str(entered.place).encode()
    telling.of_draw(case, draw, PASSED, reward=entered.prize)
    case.count(counter(Counter.DRAW, draw, PASSED))


def not_claimed(case: Case, voucher: Voucher) -> None:
    """A voucher has ended without being used; if it was a prize, that goes on."""
    if voucher.rule or not voucher.cause.startswith(DRAWN):
        return
    draw = voucher.cause.removeprefix(DRAWN)
    entered = case.customer.draws.get(draw)
    if entered is not None and entered.how == WON:
        pass_on(case, draw, entered)


def used(case: Case, voucher: Voucher, times: int, use: Use) -> None:
    """A voucher was used, or (`times` is -1) its use taken back; if it was a prize, that is counted with its cost."""
    draw = draw_of_prize(case.customer.draws, voucher.reward, voucher.rule, voucher.cause)
    if not draw:
        return
    case.count(counter(Counter.DRAW, draw, Tally.TAKEN), times)
    cost = cost_of_use(case.program, voucher, use)
    if cost:
        case.count(counter(Counter.DRAW, draw, Tally.COST), times * cost)


def heard(case: Case, draw: str) -> None:
    """Nothing of this customer's is to be told of the draw any more."""
    case.change.entries[_name(case, draw)] = None


def _enter(case: Case, firing: Firing, draw: Draw, number: int) -> Entry | None:
    """The entry that was made, or came back; None: there is none to be made."""
    rule, occasion, cause = firing.rule.id, firing.occasion, firing.fact.occasion
    entered = case.customer.draws.get(draw.id)
    known = entry_id(rule, occasion, number)
    entry = next((each for each in entered.entries if each.id == known), None) if entered is not None else None
    if entry is not None:
        if not entry.back:
            return None
        entry.back = False
    elif firing.again or not _has_room(case, draw, entered or Entered(), case.receipt or cause):
        return None
    else:
        entered = _remembered(case, draw.id) if entered is None else entered
        receipt = case.receipt if case.receipt != cause else ""
        kept = occasion if occasion != cause else ""
        today = business_day(case.at, case.program.time_zone)
        entry = Entry(known, rule, cause, today, kept, receipt)
        entered.entries.append(entry)
    _made(case, draw.id, entered or Entered(), entry)
    return entry


def _made(case: Case, draw: str, entered: Entered, entry: Entry) -> None:
    """An entry stands from now on, and is told."""
    telling.of_draw(
        case, draw, Tally.ENTERED, entry.id, rule=entry.rule, occasion=public(entry.occasion or entry.cause)
    )
    case.count(counter(Counter.DRAW, draw, Tally.ENTERED))
    if entered.count == 1:
        case.count(counter(Counter.DRAW, draw, Tally.ENTRANTS))


def _has_room(case: Case, draw: Draw, entered: Entered, of: str) -> bool:
    """Whether one more entry is within the draw's time and caps, and what one event may do."""
    if entered.how or not draw.takes(case.at):
        case.count(counter(Counter.DRAW, draw.id, Tally.TOO_LATE))
        return False
    standing = [each for each in entered.entries if not each.back]
    has_room = (
        case.left.entries > 0
        and _has_room_for(draw, entered, business_day(case.at, case.program.time_zone))
        and (
            draw.per_purchase is None or sum(of in {each.receipt, each.cause} for each in standing) < draw.per_purchase
        )
    )
    if has_room:
        case.left.entries -= 1
    else:
        case.count(counter(Counter.DRAW, draw.id, Tally.TOO_MANY))
    return has_room


def _has_room_for(draw: Draw, entered: Entered, day: Day) -> bool:
    """Whether one more of a day is within what a customer may have."""
    standing = [each for each in entered.entries if not each.back]
    return (
        len(standing) < draw.per_customer
        and len(entered.entries) < 2 * draw.per_customer  # those that were taken back are remembered as well
        and (draw.per_day is None or sum(each.day == day for each in standing) < draw.per_day)
    )


def _remembered(case: Case, draw: str) -> Entered:
    draws = case.customer.draws
    over = [each for each, entered in draws.items() if entered.how]
    for each in over[: max(0, len(draws) + 1 - MOST_KEPT)]:
        del draws[each]
    draws[draw] = Entered()
    return draws[draw]


def _take_back(case: Case, draw: str, entered: Entered, entry: Entry) -> None:
    entry.back = True
    if entry.id in entered.waiting:
        entered.waiting.remove(entry.id)
        case.change.asks[name_of_ask(case, f"{OF_DRAW}{draw}:{entry.id}")] = None
    telling.of_draw(case, draw, "left", entry.id, rule=entry.rule)
    case.count(counter(Counter.DRAW, draw, Tally.ENTERED), -1)
    if not entered.count:
        case.count(counter(Counter.DRAW, draw, Tally.ENTRANTS), -1)


def _keep_best(case: Case, draw_id: str) -> None:
    """What is drawn from: the customer's lowest ticket, and how many entries stand."""
    draw = case.program.draws.get(draw_id)
    if draw is not None and draw.instant:
        return
    entered = case.customer.draws[draw_id]
    best = best_of(_seed(case, draw_id), case.customer_id, entered.entries)
    case.change.entries[_name(case, draw_id)] = None if best is None else _encode(best)


def _seed(case: Case, draw: str) -> bytes:
    return seed_of(case.context.voucher_key, case.program.merchant, draw)


def _name(case: Case, draw: str) -> str:
    return f"{case.program.merchant}:{draw}:{case.customer_id}"

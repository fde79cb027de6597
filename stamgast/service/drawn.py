"""A draw is drawn, or the stock of an instant prize has answered: who won gets the prize, and the rules hear of it."""

import msgspec

from rules.actions import Give
from stamgast.domain import rewards
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.budgets import For
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Charge, Voucher
from stamgast.domain.draw_events import DrawnFor, PrizeDeclined
from stamgast.domain.draws import LOST, PASSED, WON, Entered, Entry
from stamgast.domain.facts import Fact
from stamgast.domain.rewards import Answer
from stamgast.domain.vocabulary import FactName, Reason, VoucherState
from stamgast.service import at_hand, budgets, deeds, draws, telling
from stamgast.service.case import Case
from stamgast.service.reversals import take_back
from stamgast.service.rules import fire

_encode = msgspec.json.Encoder().encode


def drawn(case: Case, event: DrawnFor) -> None:
    """Tell the rules once what came of it, and once more if a reserve is called."""
    draws.heard(case, event.draw)
    entered, customer = case.customer.draws.get(event.draw), case.customer
    if entered is None or entered.how in {WON, PASSED} or (entered.how and not event.reward):
        return
    entered.entries, entered.place, entered.prize = [], event.place, event.reward
    entered.how = WON if event.reward else LOST
    if customer.erased_at:
        if event.reward:
            draws.pass_on(case, event.draw, entered)
        return
    fact = Fact(FactName.DRAWN, f"drawn:{event.draw}")
    data = {"draw": event.draw, "won": bool(event.reward), "place": event.place}
    voucher = _prize(case, event.draw, event.reward, fact) if event.reward else None
    telling.of_draw(case, event.draw, entered.how, reward=event.reward)
    case.count(counter(Counter.DRAW, event.draw, entered.how))
    _tell_rules(case, fact.occasion, data, voucher)


def declined(case: Case, event: PrizeDeclined) -> None:
    """The prize goes on to the next reserve, if nobody has used it."""
    answer = _declined(case, event.draw)
    if event.id:
        case.change.answers[event.id] = _encode(answer)


def _declined(case: Case, draw: str) -> Answer:
    entered = case.customer.draws.get(draw)
    if entered is None or entered.how != WON:
        passed = entered is not None and entered.how == PASSED
        return (
            Answer(200, "It went on before.") if passed else Answer(409, "The customer has won nothing in this draw.")
        )
    occasion = f"drawn:{draw}"
    at_hand.bring(case, occasion)
    prize = next((each for each in case.customer.vouchers if each.cause == occasion and not each.rule), None)
    if prize is not None and prize.state == VoucherState.REDEEMED:
        return Answer(409, "The prize was used.", prize.reward, prize.code)
    take_back(case, occasion)
    draws.pass_on(case, draw, entered)
    return Answer(200, "It goes on to the next reserve.", entered.prize)


def answered(case: Case, event: BudgetAnswered) -> None:
    """The stock of an instant prize says whether there is one left."""
    draw, _, entry_id = event.activation.removeprefix(draws.OF_DRAW).rpartition(":")
    entered = case.customer.draws.get(draw)
    entry = _waiting(entered, entry_id)
    case.change.asks[draws.name_of_ask(case, event.activation)] = None
    charge = Charge(list(event.to), event.amount)
    if event.given:
        budgets.had(case, charge, charge.to, For())
    if entered is None or entry is None:
        if event.given:  # what it was for was refunded meanwhile
            budgets.give_back(case, charge, event.amount, For())
        return
    entered.waiting.remove(entry.id)
    if event.given:
        _give_instantly(case, draw, entry, charge)
    else:
        entry.prize = ""
        draws.lose(case, draw, entry.id, "stock")
    fire(case, [])


def _waiting(entered: Entered | None, entry_id: str) -> Entry | None:
    if entered is None or entry_id not in entered.waiting:
        return None
    return next((each for each in entered.entries if each.id == entry_id), None)


def _give_instantly(case: Case, draw: str, entry: Entry, charge: Charge) -> None:
    definition = case.program.draws.get(draw)
    fact = Fact(FactName.DRAWN, entry.cause)
    voucher = None
    if entry.prize in case.program.rewards:
        valid = None if definition is None else definition.claim_within
        voucher = deeds.give(case, Give(entry.prize, valid), fact, entry.rule, entry.occasion or entry.cause)
    if voucher is None:
        budgets.give_back(case, charge, charge.message, For())
        draws.lose(case, draw, entry.id, Reason.TOO_MANY)
        return
    case.customer.charges[voucher.code] = charge  # an unused prize goes back to the stock
    telling.of_draw(case, draw, WON, entry.id, reward=entry.prize, rule=entry.rule)
    case.count(counter(Counter.DRAW, draw, WON))
    data = {"draw": draw, "won": True, "place": 0} | rewards.given_fact(voucher).data
    case.moved.append(Fact(FactName.DRAWN, f"drawn:{draw}:{entry.id}", data=data))


def _prize(case: Case, draw: str, reward: str, fact: Fact) -> Voucher | None:
    if reward not in case.program.rewards:
        return None
    definition = case.program.draws.get(draw)
    valid = None if definition is None else definition.claim_within
    return deeds.give(case, Give(reward, valid), fact, "", fact.occasion)


def _tell_rules(case: Case, occasion: str, data: dict[str, object], voucher: Voucher | None) -> None:
    more = {} if voucher is None else rewards.given_fact(voucher).data
    fire(case, [Fact(FactName.DRAWN, occasion, data=data | more)])

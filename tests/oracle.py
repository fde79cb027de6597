"""An independent recomputation of what the engine should hold, folded from the logs in their order.

It shares no code with the engine: it reads records as JSON, keeps whole ledgers, and works every figure out
from all of them. Two ways in:

- `figures_from_purchases`: raw records of `purchases.v1` -> figures per customer (programme constant, nothing
  redeemed), by way of `oracle_sales.net_sales`;
- `recompute`: records of `customer.events.v1` -> figures per customer, and what simple rules should have decided.

`differences` says in words where live states depart from the figures.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from stamgast.domain.customer import Customer
from stamgast.domain.program import CardDefinition, Program
from tests.oracle_compare import differences
from tests.oracle_customers import (
    Figures,
    Key,
    PaperCard,
    SimpleRule,
    Wanted,
    agreed_before,
    cause_of,
    gained_by,
    give,
)
from tests.oracle_figures import end_of_its_day, lacks_a_rate, part_of, waits_in_part
from tests.oracle_review import ANY_SIZE, AT_MOST, Held, seen_of, size_of, waits
from tests.oracle_sales import Sale, net_sales, sale_of

Fired = tuple[str, str | int | tuple[str, int], str]  # what a rule may be on, at what, and its occasion

__all__ = ["Figures", "Oracle", "SimpleRule", "Wanted", "differences", "figures_from_purchases", "recompute"]


class Oracle:
    """Folds `customer.events.v1`. `programs` by bundle hash; `at_start` by merchant for logs without barriers."""

    def __init__(
        self,
        programs: Mapping[str, Program] | None = None,
        at_start: Mapping[str, Program] | None = None,
        rules: Mapping[str, Sequence[SimpleRule]] | None = None,
    ) -> None:
        self.customers: dict[Key, Figures] = {}
        self.wanted: dict[tuple[Key, str, str], Wanted] = {}
        self._promised: dict[Key, dict[tuple[str, str], None]] = defaultdict(dict)
        """Customer -> (cause, rule) of all that a card has promised."""
        self.codes: dict[str, tuple[str, str, str]] = {}
        """Code -> (cause, rule, reward) of the voucher it stands for; see `learn_codes`. The oracle makes none itself."""
        self._programs = dict(programs or {})
        self._in_force = dict(at_start or {})
        self._barriers: dict[str, int] = {}
        self._rules = dict(rules or {})
        self._store = ""
        self._marks: dict[tuple[str, int], tuple[int, int]] = {}

    def learn_codes(self, states: Iterable[Customer]) -> None:
        """Take from live states which voucher a code stands for, so that redemptions can be followed."""
        for state in states:
            self.codes |= {v.code: (v.cause, v.rule, v.reward) for v in state.vouchers}

    def rules_in_force(self, merchant: str, rules: Sequence[SimpleRule]) -> None:
        """From the next record on these are a merchant's rules."""
        self._rules[merchant] = rules

    def apply(self, value: bytes) -> None:
        """Take one record in."""
        event = json.loads(value)
        if self._is_repeat(event):
            return
        merchant = event["merchant"]
        if event["type"] == "barrier":
            if event["number"] > self._barriers.get(merchant, -1):
                self._barriers[merchant] = event["number"]
                self._in_force[merchant] = self._programs[event["hash"]]
            return
        key = (merchant, event["customer"])
        program = self._in_force[merchant]
        figures = self.customers.setdefault(key, Figures(program))
        figures.program = program
        self._store = ""
        getattr(self, f"_{event['type']}", self._nothing)(key, figures, event)

    def _end(self, figures: Figures, at: int) -> int:
        return end_of_its_day(at, self._store, figures.program)

    def _is_repeat(self, event: dict[str, Any]) -> bool:
        if not event.get("source"):
            return False
        topic, partition, offset, index = event["source"]
        if (offset, index) <= self._marks.get((topic, partition), (-1, -1)):
            return True
        self._marks[topic, partition] = (offset, index)
        return False

    def _nothing(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        """Replies and outcomes of messages change none of the figures."""

    def _enrolled(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        figures.source = event.get("acquisition_source") or figures.source

    def _consent_changed(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        name = f"{event['purpose']}:{event['channel']}"
        (figures.consents.add if event["granted"] else figures.consents.discard)(name)

    def _opted_out(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        figures.stopped = True

    def _opted_in(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        figures.stopped = False

    def _voucher_redeemed(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        named = self.codes.get(event["code"])
        for voucher in figures.vouchers:
            if (voucher.cause, voucher.rule, voucher.reward) != named or event.get("id") in voucher.refused:
                continue
            if voucher.state == "open":
                voucher.state = "redeemed" if event["at"] < voucher.expires_at else "expired"
                voucher.used_by = event.get("id", "")

    def _redemption_taken_back(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        named = self.codes.get(event["code"])
        for voucher in figures.vouchers:
            if (voucher.cause, voucher.rule, voucher.reward) != named:
                continue
            voucher.refused.add(event["redemption"])
            if voucher.state == "redeemed" and voucher.used_by == event["redemption"]:
                voucher.state = "open" if event["at"] < voucher.expires_at else "expired"
                voucher.state = "withdrawn" if voucher.groundless else voucher.state
                voucher.groundless = False
                fired: list[Fired] = []
                for id_, paper in figures.cards.items():
                    fired += self._take_out(figures, id_, paper, event["at"], paper.balance)
                for cause, by in self._broken_promises(key, figures):
                    self._undo(key, cause, by)
                self._answer(key, figures, fired, event["at"], fresh=True)

    def _take_out(self, figures: Figures, card: str, paper: PaperCard, at: int, before: int) -> list[Fired]:
        """Full cards are taken out again while stamps are missing, down to the newest whose reward was used; then those
        whose reward is still to be used. What they give back lies on the card that is being filled."""

        def states(number: int) -> set[str]:
            of_it = [v for v in figures.vouchers if v.cause == f"card:{card}:{number}"]
            return {v.state for v in of_it if v.state != "open" or v.expires_at > at}

        filling = paper.number
        while paper.balance < 0 and paper.completed and "redeemed" not in states(max(paper.completed)):
            paper.balance += paper.completed.pop(max(paper.completed))
        for number in sorted(paper.completed, reverse=True):
            if paper.balance < 0 and "open" in states(number) and "redeemed" not in states(number):
                paper.balance += paper.completed.pop(number)
        gained = range(max(before, 0) + 1, paper.balance + 1) if paper.number == filling else ()
        return [("stamp_card_reaches", (card, stamps), f"card:{card}:{filling}") for stamps in gained]

    def _timer_due(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        due = event["due"]
        risk = figures.risk_due()
        if risk is not None and risk <= due:
            figures.risk_noticed = figures.days[-1]
        if figures.lapse_due() == due:
            figures.lapse_noticed = figures.days[-1]
        elif figures.lapsed_due() == due:
            figures.lapsed_noticed = figures.days[-1]
        for voucher in figures.vouchers:
            if voucher.state == "open" and voucher.expires_at <= due:
                voucher.state = "expired"

    def _purchase_changed(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        name, sale = event["transaction"], sale_of(event.get("after"))
        figures.waiting.pop(name, None)
        if sale is None:
            figures.agreed.pop(name, None)
        elif waits(sale, figures.program, agreed_before(event, figures)):
            figures.waiting[name] = Held(sale, seen_of(event["after"]))
            sale = None
        elif waits_in_part(sale, figures.program):
            figures.waiting[name] = Held(sale, seen_of(event["after"]))
        self._change(key, figures, name, sale, event["at"], event.get("happened_at") or event["at"])

    def _purchase_reviewed(self, key: Key, figures: Figures, event: dict[str, Any]) -> None:
        name = event["transaction"]
        held = figures.waiting.get(name)
        if held is None or held.seen != event["seen"]:
            return
        size = size_of(held.sale, figures.program)
        if event["verdict"] == "void":
            del figures.waiting[name]
            figures.agreed.pop(name, None)
        elif size.rewards <= AT_MOST and not lacks_a_rate(held.sale, figures.program):
            del figures.waiting[name]
            figures.agreed[name] = size
            self._change(key, figures, name, held.sale, event["at"], held.sale.occurred_at)

    def _change(self, key: Key, figures: Figures, name: str, sale: Sale | None, at: int, happened_at: int) -> None:
        program = figures.program
        self._store = sale.store if sale else ""
        before = figures.parts.pop(name, None)
        visits, others = len(figures.days), list(figures.parts.values())
        visits_before = len({p.day for p in [*others, *([before] if before else [])] if p.counts})
        after = part_of(sale, program) if sale else None
        if after is not None:
            figures.parts[name] = after
        visits = len(figures.days)
        fresh = at - happened_at <= program.fresh_for
        fired: list[Fired] = []
        least = 0
        for card in program.cards.values():
            gained = gained_by(card, others, before, after)
            least = min(least, gained)
            fired += self._stamp(key, figures, card, gained, at)
        # One that only adds breaks no promise; it is asked for whenever the rules or the programme are others.
        adds, terms = before is None and least >= 0, (program, self._rules.get(key[0]))
        undone = set() if adds and figures.terms == terms else self._broken_promises(key, figures)
        figures.terms = terms
        if after is not None and after.counts and not (before and before.counts):
            fired.append(("purchase", "", name))
        fired += [("visits_reached", n, "customer") for n in range(visits_before + 1, visits + 1)]
        if before is not None and before.counts and not (after is not None and after.counts):
            undone |= {(name, by) for by, occasions in figures.occasions.items() if name in occasions}
        undone |= {
            (f"customer:visits:{rule.at}", rule.id)
            for rule in self._rules.get(key[0], ())
            if rule.on == "visits_reached" and isinstance(rule.at, int) and visits < rule.at <= visits_before
        }
        for cause, by in undone:
            self._undo(key, cause, by)
        self._answer(key, figures, fired, at, fresh=fresh)

    def _answer(self, key: Key, figures: Figures, fired: list[Fired], at: int, *, fresh: bool) -> None:
        for rule in self._rules.get(key[0], ()):
            for on, reached, occasion in fired:
                if rule.on == on and rule.at in ("", reached):
                    once = f"customer:visits:{reached}" if on == "visits_reached" else occasion
                    self._fire(key, figures, rule, once, at, fresh=fresh)

    def _stamp(self, key: Key, figures: Figures, card: CardDefinition, gained: int, at: int) -> list[Fired]:
        """Stamp after stamp; a full card is laid aside, and taken out again when stamps are missing."""
        paper = figures.cards[card.id]
        fired: list[Fired] = []
        for _ in range(gained):
            paper.balance += 1
            fired.append(("stamp_card_reaches", (card.id, paper.balance), cause_of(card, paper)))
            while paper.balance >= card.stamps_required:
                cause = cause_of(card, paper)
                paper.balance -= card.stamps_required
                paper.completed[paper.number] = card.stamps_required
                fired.append(("stamp_card_completed", card.id, cause))
                if card.reward:
                    self._promised[key][cause, ""] = None
                    give(figures, card.reward, cause, "", self._end(figures, at + card.reward_valid_for))
        before = paper.balance
        paper.balance += min(gained, 0)
        return fired + (self._take_out(figures, card.id, paper, at, before) if gained < 0 else [])

    def _broken_promises(self, key: Key, figures: Figures) -> set[tuple[str, str]]:
        """(cause, rule) of whatever a card promised and its stamps no longer pay for."""
        broken = set()
        needs = {rule.id: rule.at[1] for rule in self._rules.get(key[0], ()) if isinstance(rule.at, tuple)}
        for cause, rule in self._promised[key]:
            id_, _, ordinal = cause.removeprefix("card:").rpartition(":")
            paper = figures.cards[id_]
            full = int(ordinal) in paper.completed
            current = int(ordinal) == paper.number
            if not full and not (current and rule in needs and paper.balance >= needs[rule]):
                broken.add((cause, rule))
        return broken

    def _fire(self, key: Key, figures: Figures, rule: SimpleRule, occasion: str, at: int, *, fresh: bool) -> None:
        if occasion in figures.occasions[rule.id]:
            return
        figures.occasions[rule.id].add(occasion)
        if occasion.startswith("card:"):
            self._promised[key][occasion, rule.id] = None
        if rule.gives:
            give(figures, rule.gives, occasion, rule.id, self._end(figures, at + rule.gives_for))
        if not rule.sends:
            return
        consented = any(f"{rule.purpose}:{channel}" in figures.consents for channel in rule.channels)
        verdict = "late" if not fresh else "no_consent" if not consented else "opted_out" if figures.stopped else "send"
        known = self.wanted.get((key, rule.id, occasion))
        if known is None:
            self.wanted[key, rule.id, occasion] = Wanted(rule.id, key, occasion, verdict)
        else:
            known.times, known.taken_back, known.verdict = known.times + 1, False, verdict

    def _undo(self, key: Key, cause: str, by: str) -> None:
        """What a rule (or, without one, the card) promised for that cause no longer holds, unless it was used."""
        figures = self.customers[key]
        for voucher in figures.vouchers:
            if voucher.cause == cause and voucher.rule == by:
                voucher.groundless |= voucher.state == "redeemed"
                voucher.state = "withdrawn" if voucher.state == "open" else voucher.state
        if (key, by, cause) in self.wanted:
            self.wanted[key, by, cause].taken_back = True
        figures.occasions[by].discard(cause)


def recompute(values: Iterable[bytes], oracle: Oracle) -> Oracle:
    """Fold records of `customer.events.v1`, in log order."""
    for value in values:
        oracle.apply(value)
    return oracle


def figures_from_purchases(
    records: Iterable[tuple[bytes, bytes]], programs: Mapping[str, Program], confirmed: Collection[str] = ()
) -> dict[Key, Figures]:
    """Raw (key, value) of `purchases.v1` -> figures per customer; merchants' programmes as they stand.

    `confirmed` are transactions of which a person has said that they are meant.
    """
    found: dict[Key, Figures] = {}
    for (merchant, transaction), sale in net_sales(records).items():
        if sale.customer:
            figures = found.setdefault((merchant, sale.customer), Figures(programs[merchant]))
            if not waits(sale, programs[merchant], ANY_SIZE if transaction in confirmed else None):
                figures.parts[transaction] = part_of(sale, programs[merchant])
    for figures in found.values():
        for card in figures.program.cards.values():
            total = 0
            for day in {part.day for part in figures.parts.values()}:
                earned = sum(p.stamps.get(card.id, 0) for p in figures.parts.values() if p.day == day)
                total += earned if card.max_per_day is None else min(earned, card.max_per_day)
            full, rest = divmod(total, card.stamps_required)
            figures.cards[card.id] = PaperCard(rest, dict.fromkeys(range(1, full + 1), card.stamps_required))
    return found

"""What rules came to, by the public topics alone: written from docs/campaigns.md, and sharing no code with the engine.

Lines are JSON, each partition's in its order. What stands there twice is one line.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WEEK = 7 * 86_400_000
TAKEN = {"accepted", "sending", "sent", "undelivered", "delivered", "read"}
ARRIVED = {"delivered", "read"}
LOOKED_ON = {"shadow", "canary_excluded"}
NOBODY_ASKED = {"late", "too_many", "no_consent", "opted_out", "bad_number"}
"""Why something was withheld before it was asked who is held out."""

Json = dict[str, Any]
Person = tuple[str, str]
"""Merchant and customer."""


@dataclass(frozen=True)
class Terms:
    """What the shop's files say. `margin` and what messages cost are in thousandths."""

    margin: int
    price: int = 0
    holding_out: frozenset[str] = frozenset()
    """Rules that keep some customers out."""
    earned: frozenset[str] = frozenset()
    """Rules whose rewards are paid for: everybody gets those, and only their messages are kept from some."""
    window: int = WEEK
    worth: Callable[[str, Json], "Sale"] | None = None
    """Of a purchase by its transaction, where that is more than its margin."""

    def sale(self, transaction: str, purchase: Json) -> "Sale":
        """What a purchase counts for; profit half up."""
        if self.worth is not None:
            return self.worth(transaction, purchase)
        spend: int = purchase["spend"]
        counts = int(purchase.get("counts", True))
        return Sale(purchase["occurred_at"], counts, spend, (spend * self.margin + 500) // 1000)


@dataclass
class Topics:
    """The lines of each topic, once each."""

    facts: list[Json]
    notes: list[Json]
    events: list[Json]


@dataclass
class Sale:
    """What is left of a purchase; money in minor units."""

    moment: int
    counts: int
    spend: int
    profit: int


@dataclass
class _Told:
    """What the topics tell of one customer."""

    firings: dict[tuple[str, str], list[Json]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[str, Json] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)
    arrived: dict[str, Json] = field(default_factory=dict)
    read: dict[str, Json] = field(default_factory=dict)
    used: list[Json] = field(default_factory=list)
    sales: dict[str, Sale] = field(default_factory=dict)
    replies: list[int] = field(default_factory=list)


def once(values: Iterable[bytes]) -> list[Json]:
    """Each line once, where it stood first."""
    return [json.loads(value) for value in dict.fromkeys(values)]


def reckoned(topics: Topics, terms: Terms) -> dict[str, Json]:
    """Rule -> its figures, as `stamgast report --json` names them."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for told in _told(topics, terms).values():
        _count(found, told, terms)
    return {rule: _figures(counts) for rule, counts in sorted(found.items())}


def _told(topics: Topics, terms: Terms) -> Mapping[Person, _Told]:
    people: dict[Person, _Told] = defaultdict(_Told)
    for each in topics.facts:
        told = people[each["merchant"], each["customer"]]
        if each["kind"] == "decision" and each["became"] not in LOOKED_ON:
            _add_firing(told, each)
        elif each["kind"] == "voucher" and each.get("rule") and each["became"] in {"redeemed", "taken_back"}:
            told.used.append(each)
    for each in topics.notes:
        told = people[each["merchant"], each["customer"]]
        if each["kind"] == "priced":
            told.prices[each["activation"]] = each.get("cost", 0)
        elif each["kind"] == "outcome" and each["status"] in TAKEN:
            told.taken.setdefault(each["activation"], each)
            if each["status"] in ARRIVED:
                told.arrived.setdefault(each["activation"], each)
            if each["status"] == "read":
                told.read.setdefault(each["activation"], each)
    _add_events(people, topics.events, terms)
    return people


def _add_firing(told: _Told, line: Json) -> None:
    occasion = line["occasion"]
    if line.get("step"):
        occasion = occasion.removesuffix(f"+{line['step']}")
    for known in [known for rule, known in told.firings if rule == line["rule"]]:
        if occasion.startswith(f"{known}>"):  # the same by another way, or later
            occasion = known
    told.firings[line["rule"], occasion].append(line)


def _add_events(people: Mapping[Person, _Told], events: Sequence[Json], terms: Terms) -> None:
    newest: dict[tuple[str, int, str], tuple[int, int]] = {}
    for each in events:
        if source := each.get("source"):
            place, number = (source[0], source[1], each.get("transaction", "")), (source[2], source[3])
            if number <= newest.get(place, (-1, -1)):
                continue  # written twice; each sale's changes come from one place, and in its order
            newest[place] = number
        told = people[each["merchant"], each["customer"]]
        if each["type"] == "replied" and each.get("keyword") not in {"join", "leave", "return"}:
            told.replies.append(each["at"])
        if each["type"] != "purchase_changed":
            continue
        after = each.get("after")
        if after is None:
            told.sales.pop(each["transaction"], None)
        else:
            told.sales[each["transaction"]] = terms.sale(each["transaction"], after)


def _count(found: Mapping[str, Counter[str]], told: _Told, terms: Terms) -> None:
    fired: set[str] = set()
    for rule, _ in told.firings:
        found[rule]["decided"] += 1
        found[rule]["reached"] += rule not in fired
        fired.add(rule)
    for name, of in (("sent", told.taken), ("delivered", told.arrived), ("read", told.read)):
        for each in of.values():
            found[each["rule"]][name] += 1
    for id_, each in told.taken.items():
        found[each["rule"]]["messages"] += _cost(told, id_, terms)
    for each in told.used:
        times = 1 if each["became"] == "redeemed" else -1
        found[each["rule"]]["redeemed"] += times
        found[each["rule"]]["rewards"] += times * (each.get("cost") or 0)
    _attribute(found, told, terms)
    for rule in fired & terms.holding_out:
        _compare(found[rule], rule, told, terms)


def _attribute(found: Mapping[str, Counter[str]], told: _Told, terms: Terms) -> None:
    for sale in told.sales.values():
        if rule := _last_before(told, sale.moment, terms):
            found[rule]["purchases"] += sale.counts
            found[rule]["revenue"] += sale.spend
            found[rule]["profit"] += sale.profit
    for moment in told.replies:
        if rule := _last_before(told, moment, terms):
            found[rule]["replied"] += 1


def _cost(told: _Told, activation: str, terms: Terms) -> int:
    parts: int = told.taken[activation].get("parts", 0)
    return told.prices.get(activation, terms.price * max(parts, 1))


def _last_before(told: _Told, moment: int, terms: Terms) -> str:
    before = [each for each in told.arrived.values() if each["at"] < moment]
    if not before or moment > before[-1]["at"] + terms.window:
        return ""
    rule: str = before[-1]["rule"]
    return rule


def _compare(counts: Counter[str], rule: str, told: _Told, terms: Terms) -> None:
    """On which side somebody is, and what they bought in the weeks behind each decision."""
    sides, windows = [], []
    for (of, _), lines in told.firings.items():
        asked = [each for each in lines if not (rule in terms.earned and each["became"] == "given")]
        first = asked[0] if asked else Json(reason="late")
        if of == rule and first.get("reason", "") not in NOBODY_ASKED:
            begin = int(max(first.get("due", 0), first["at"]))
            sides.append("held_out" if first["became"] == "held_out" else "treated")
            windows.append((begin, begin + terms.window))
    if not sides:
        return
    assert len(set(sides)) == 1, f"{rule} put one customer on both sides"
    inside = [sale for sale in told.sales.values() if any(a < sale.moment <= b for a, b in windows)]
    counts[f"{sides[0]} people"] += 1
    counts[f"{sides[0]} converted"] += sum(sale.counts for sale in inside) > 0
    spent = sum(_cost(told, id_, terms) for id_, each in told.taken.items() if each["rule"] == rule)
    spent += sum(
        1000 * (1 if each["became"] == "redeemed" else -1) * (each.get("cost") or 0)
        for each in told.used
        if each["rule"] == rule
    )
    counts[f"{sides[0]} profit"] += 1000 * sum(sale.profit for sale in inside) - spent


def _figures(counts: Counter[str]) -> Json:
    return {
        **{name: counts[name] for name in ("decided", "reached", "sent", "delivered", "read", "replied", "redeemed")},
        "held_out": counts["held_out people"],
        "arms": {
            side: {
                "people": counts[f"{side} people"],
                "converted": counts[f"{side} converted"],
                "profit_minor": round(counts[f"{side} profit"] / 1000),
            }
            for side in ("treated", "held_out")
        },
        "attributed": {
            "purchases": counts["purchases"],
            "revenue_minor": counts["revenue"],
            "profit_minor": counts["profit"],
        },
        "cost": {"messages_minor": round(counts["messages"] / 1000), "rewards_minor": counts["rewards"]},
    }


def differences(wanted: Mapping[str, Json], found: Mapping[str, Json]) -> list[str]:
    """In words, where a report departs from what was reckoned here."""
    wrong = []
    for rule in sorted(wanted.keys() | found.keys()):
        want = wanted.get(rule) or _figures(Counter())
        has = {name: found.get(rule, {}).get(name) for name in want}
        wrong += [
            f"report of {rule}: {name} is {has[name]}, should be {want[name]}"
            for name in want
            if has[name] != want[name]
        ]
    return wrong

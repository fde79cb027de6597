"""`stamgast report --report FILE.html`: the same as one page, with what each rule changed as a plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Final

from stamgast.domain.brought import in_words as friends_in_words
from stamgast.domain.counting import so_many
from stamgast.domain.currencies import exponent_of, format_money
from stamgast.domain.draw_figures import draws_in_words
from stamgast.domain.earned import messages_cost, quiet_rules
from stamgast.domain.lapses import lapses_in_words
from stamgast.domain.satisfaction import satisfaction_in_words
from stamgast.drawn_pages import check_plots, figure_of, new_figure, page_of, svg_of

_HEADS: Final = (
    "rule", "decided", "reached", "sent", "delivered", "read", "replied", "redeemed", "opted out", "held out",
    "bought after", "profit then", "messages", "rewards", "a customer more", "from", "to",
)  # fmt: skip


def page_of_report(documents: Sequence[dict[str, Any]]) -> str:
    """Return the page.

    Raises:
        PlotsMissingError: there is nothing to draw with.
    """
    check_plots()
    return page_of("What rules earned", "\n".join(_of_merchant(each) for each in documents))


def budgets_in_words(document: dict[str, Any]) -> Iterator[str]:
    """What was spent of each, in each of its times."""
    for name, budget in document["budgets"].items():
        whole = format_money(budget["amount_minor"], document["currency"])
        for time, minor in budget["spent_minor"].items():
            spent = format_money(minor, document["currency"])
            said = f"{spent} spent in these days, of {whole}" if "from" in document else f"{spent} of {whole} spent"
            yield f"budget {name} ({time}): {said}"


def of_the_shop(document: dict[str, Any]) -> Iterator[str]:
    """What is no rule's: answers, budgets, draws, friends, recommendations."""
    yield from satisfaction_in_words(document.get("satisfaction", {}))
    yield from budgets_in_words(document)
    yield from draws_in_words(document["draws"], document["currency"])
    if document["referral"] and (told := friends_in_words(document["referral"])):
        yield f"friends: {told}"
    if document["recommendations"]:
        yield f"recommendations: {document['recommendations']['words']}"


def _of_merchant(document: dict[str, Any]) -> str:
    quiet = quiet_rules(document)
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    rows = "\n".join(_rows(document))
    said = "".join(
        f"<li>{escape(rule)}: {escape(figures['uplift']['verdict'])}</li>"
        for rule, figures in document["rules"].items()
        if rule not in quiet
    )
    if quiet:
        said += f"<li>decided nothing yet: {escape(', '.join(quiet))}</li>"
    if "together" in document:
        lines = document["together"]
        cost = sum(lines["cost"].values())
        said += (
            f"<li>together: {so_many(lines['attributed']['purchases'], 'purchase')} after "
            f"{so_many(lines['delivered'], 'message')}, cost {format_money(cost, document['currency'])}</li>"
        )
    others = "".join(f"<li>{escape(line)}</li>" for line in of_the_shop(document))
    owed = document["liability"]
    owes = " and ".join(
        f"{format_money(owed[name], document['currency'])} in {word}"
        for name, word in (("vouchers_minor", "vouchers"), ("stamps_minor", "stamps"))
    )
    freed = owed["ran_out_minor"]
    ran_out = f" Stamps for {format_money(freed, document['currency'])} ran out." if freed else ""
    told = lapses_in_words(document["lapses"]) if "lapses" in document else ""
    lapsing = f"<p>{escape(told)}.</p>" if told else ""
    when = f", {document['from']} to {document['to']}" if "from" in document else ""
    return (
        f"<h2>{escape(document['merchant'])}{when}</h2><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"<ul>{said}{others}</ul>{lapsing}<p>The shop owes its customers {owes}.{ran_out}</p>{_plot(document)}"
    )


def _rows(document: dict[str, Any]) -> Iterator[str]:
    quiet = quiet_rules(document)
    for rule, figures in document["rules"].items():
        if rule in quiet:
            continue
        yield _row(rule, figures, document)
        for variant, its in figures["variants"].items():
            yield _row(f"{rule}: {variant}", its | {"cost": {"rewards_minor": None} | its["cost"]}, document)


def _row(rule: str, figures: dict[str, Any], document: dict[str, Any]) -> str:
    currency = document["currency"]
    after, cost, lift = figures["attributed"], figures["cost"], figures["uplift"]
    names = ("decided", "reached", "sent", "delivered", "read", "replied", "redeemed", "opted_out", "held_out")
    cells = [f"{figures[name]:,}" if name in figures else "" for name in names] + [f"{after['purchases']:,}"]
    cells += [
        format_money(after["profit_minor"], currency),
        messages_cost(document, cost["messages_minor"]),
        "" if cost["rewards_minor"] is None else format_money(cost["rewards_minor"], currency),
    ]
    cells += [
        "" if lift[name] is None else format_money(round(lift[name]), currency)
        for name in ("per_customer_minor", "low", "high")
    ]
    return f"<tr><th>{escape(rule)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _plot(document: dict[str, Any]) -> str:
    known = {
        rule: figures["uplift"]
        for rule, figures in document["rules"].items()
        if figures["uplift"]["per_customer_minor"] is not None
    }
    if not known:
        return ""
    figure, axes = new_figure()
    places = range(len(known))
    unit = 10 ** exponent_of(document["currency"])
    middle = [each["per_customer_minor"] / unit for each in known.values()]
    ends = [
        [(each["per_customer_minor"] - each["low"]) / unit for each in known.values()],
        [(each["high"] - each["per_customer_minor"]) / unit for each in known.values()],
    ]
    axes.errorbar(middle, places, xerr=ends, fmt="o", color="#c2410c", capsize=4)
    axes.axvline(0, color="#1b1b1b", linewidth=0.8)
    axes.set_yticks(list(places), list(known))
    axes.set_xlabel(f"{document['currency']} a customer")
    return figure_of(
        "What each rule changed",
        "Profit per person against those held out, net of messages and rewards, and where it lies in 95 of 100 cases.",
        svg_of(figure),
    )

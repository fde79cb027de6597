"""A backtest as one page: what each rule would have done, when, how much for one person, and in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from stamgast.backtest.account import Account, RuleTally
from stamgast.backtest.findings import by_week
from stamgast.backtest.words import (
    LOG,
    assumptions,
    budgets_in_words,
    heard,
    money_of,
    overlap_in_words,
    unheard,
    why_not,
)
from stamgast.domain.calendar import date_of
from stamgast.domain.counting import how_often
from stamgast.domain.lapses import lapses_in_words
from stamgast.drawn_pages import check_plots, figure_of, new_figure, page_of, svg_of

_COLOURS: Final = ("#c2410c", "#0369a1", "#15803d", "#7c3aed", "#a16207", "#be185d", "#0f766e", "#57534e")
_MOST_DRAWN: Final = len(_COLOURS)
"""Rules with a colour of their own; the others are drawn together."""
_HEADS: Final = ("rule", "customers", "fired", "sent", "vouchers", "withheld", "SMS parts", "messages", "rewards")


def report_of(found: Mapping[str, Any], account: Account) -> str:
    """Return the page of `findings.document_of`.

    Raises:
        PlotsMissingError: there is nothing to draw with.
    """
    check_plots()
    title = f"What the rules of {found['merchant']} would have done from {found['from']} to {found['to']}"
    said = "".join(f"<p>{escape(line)}</p>" for line in assumptions(found))
    told = (said, _table(found), _lapses(found), _not_known(found), _reasons(found), _budgets(found))
    body = (*told, _plots(found, account), _overlaps(found), _samples(found))
    return page_of(title, "\n".join(body))


def _table(found: Mapping[str, Any]) -> str:
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    rows = "\n".join(_row(rule, figures, found) for rule, figures in heard(found).items())
    others = "".join(f"<p>{escape(line)}</p>" for line in unheard(found))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table>{others}"


def _row(rule: str, figures: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    counts = (figures["reached"], figures["fired"], figures["would_send"], figures["given"])
    cells = [f"{each:,}" for each in (*counts, sum(figures["withheld"].values()), figures["sms_parts"])]
    cells += money_of(figures, found)
    return f"<tr><th>{escape(rule)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _reasons(found: Mapping[str, Any]) -> str:
    told = [
        f"<li>{escape(rule)}: {how_often(times)} {escape(why_not(reason))}</li>"
        for rule, figures in found["rules"].items()
        for reason, times in figures["withheld"].items()
    ]
    return f"<h2>Why not</h2><ul>{''.join(told)}</ul>" if told else ""


def _lapses(found: Mapping[str, Any]) -> str:
    told = lapses_in_words(found["lapses"])
    return f"<h2>Who was called lapsing</h2><p>{escape(told)}.</p>" if told else ""


def _not_known(found: Mapping[str, Any]) -> str:
    told = [
        f"<li>{escape(rule)}: {escape(each)}</li>"
        for rule, figures in found["rules"].items()
        for each in figures["not_known"]
    ]
    what = "log" if found["data"] == LOG else "file"
    return f"<h2>What the {what} cannot tell</h2><ul>{''.join(told)}</ul>" if told else ""


def _budgets(found: Mapping[str, Any]) -> str:
    told = "".join(f"<li>{escape(line)}</li>" for line in budgets_in_words(found))
    return f"<h2>Budgets</h2><ul>{told}</ul>" if told else ""


def _plots(found: Mapping[str, Any], account: Account) -> str:
    weeks = found["messages_per_customer_week"]
    if not weeks["most"]:
        return ""
    return figure_of(
        "Messages a week",
        "By rule, in the week in which they would have gone.",
        _by_week(list(found["rules"]), account),
    ) + figure_of(
        "Messages that one customer gets in a week",
        "Of all weeks in which somebody would have had any.",
        _per_customer(weeks["weeks"]),
    )


def _by_week(rules: Sequence[str], account: Account) -> str:
    sent = {rule: by_week(account.rules.get(rule, RuleTally())) for rule in rules}
    order = sorted((rule for rule in rules if sent[rule]), key=lambda rule: -sum(sent[rule].values()))
    mondays = sorted({monday for weeks in sent.values() for monday in weeks})
    drawn = {rule: sent[rule] for rule in order[: _MOST_DRAWN - (len(order) > _MOST_DRAWN)]}
    if others := order[len(drawn) :]:
        drawn["others"] = {monday: sum(sent[rule].get(monday, 0) for rule in others) for monday in mondays}
    figure, axes = new_figure()
    dates, below = [date_of(monday) for monday in mondays], [0] * len(mondays)
    for colour, (rule, weeks) in zip(_COLOURS, drawn.items(), strict=False):
        heights = [weeks.get(monday, 0) for monday in mondays]
        axes.bar(dates, heights, width=6, bottom=below, color=colour, label=rule)
        below = [low + high for low, high in zip(below, heights, strict=True)]
    axes.set(ylabel="messages")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    figure.autofmt_xdate()
    return svg_of(figure)


def _per_customer(weeks: Mapping[str, int]) -> str:
    figure, axes = new_figure()
    axes.bar([int(number) for number in weeks], list(weeks.values()), color=_COLOURS[1])
    axes.set_xticks(range(1, max(map(int, weeks)) + 1))
    axes.set(xlabel="messages in the week", ylabel="weeks of customers")
    return svg_of(figure)


def _overlaps(found: Mapping[str, Any]) -> str:
    items = "".join(f"<li>{escape(overlap_in_words(each))}</li>" for each in found["overlaps"])
    return f"<h2>At the same time</h2><ul>{items}</ul>" if items else ""


def _samples(found: Mapping[str, Any]) -> str:
    told = "\n".join(
        f"<blockquote><p>{escape(each['text'])}</p><small>{escape(each['rule'])}, {escape(each['at'])}, "
        f"by {escape(each['channel'])} in {escape(each['language'])}</small></blockquote>"
        for each in found["samples"]
    )
    return f"<h2>Some of the messages</h2>{told}" if told else ""

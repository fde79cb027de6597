"""`draws:` of program.yaml: what is drawn when, for which prizes, and how often somebody may take part.

`draws: {december: {opens: 2026-12-01, closes: 2026-12-24, drawn: 2026-12-27 12:00, prizes: {free_loaf: 10}}}`
Without `drawn` it is an instant win, and each prize says its odds: `prizes: {free_loaf: {odds: 1 in 20, stock: 100}}`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.reader import Reader
from rules.yaml.words import WordError, parse_date, parse_duration, parse_margin, parse_moment
from stamgast.domain.calendar import at_local
from stamgast.domain.draws import MILLION, MOST_ENTRIES, MOST_PLACES, USUAL_ENTRIES, Draw, Prize
from stamgast.domain.program import Reward
from stamgast.domain.units import Millis

WORDS: Final = (
    "opens",
    "closes",
    "drawn",
    "prizes",
    "reserves",
    "per_customer",
    "per_day",
    "per_purchase",
    "claim_within",
)
PRIZE_WORDS: Final = ("odds", "stock", "per_day")
MOST_DRAWS: Final = 50
MOST_PRIZES: Final = 50
MOST_STOCK: Final = 10_000_000
LONGEST: Final = 64
_ODDS: Final = re.compile(r"1 in ([1-9][0-9]{0,2}(?:[,.]?[0-9]{3})*)")
_THOUSANDTHS: Final = 1_000


def read_draws(
    reader: Reader,
    found: Sequence[tuple[str, ScalarNode, Node]],
    rewards: Mapping[str, Reward],
    zone: str,
) -> dict[str, Draw]:
    """Read each; those with problems are left out."""
    draws = [_draw(reader, name, key, value, rewards, zone) for name, key, value in found]
    if len(found) > MOST_DRAWS:
        what = f"`draws` names {len(found)}; at most {MOST_DRAWS} can be told apart"
        reader.problem(found[0][1], what, "Take out those that are over: what came of them is kept.")
    return {draw.id: draw for draw in draws if draw is not None}


def _draw(  # noqa: PLR0917
    reader: Reader, name: str, key: ScalarNode, value: Node, rewards: Mapping[str, Reward], zone: str
) -> Draw | None:
    with reader.showing("{opens: 2026-12-01, closes: 2026-12-24, drawn: 2026-12-27 12:00, prizes: {free_loaf: 10}}"):
        said = reader.mapping(value, f"draws: {name}", WORDS, ("opens", "closes", "prizes"))
    if "prizes" not in said:
        return None
    opens, closes, drawn = _times(reader, said, zone)
    instant = "drawn" not in said
    prizes = _prizes(reader, said["prizes"], rewards, instant=instant)
    reserves = reader.integer(said["reserves"], "reserves", 0, MOST_PLACES) if "reserves" in said else 0
    caps = {word: _cap(reader, said, word) for word in ("per_customer", "per_day", "per_purchase")}
    claim = reader.word(said["claim_within"], "claim_within", parse_duration) if "claim_within" in said else None
    if claim == 0:
        reader.problem(said["claim_within"], "`claim_within` must be longer than zero", "Such as 14 days.")
    if instant and "reserves" in said:
        hint = "Add `drawn: 2026-12-27 12:00`, or leave `reserves` out."
        reader.problem(said["reserves"], "nobody waits for the prize of an instant win", hint)
    if opens is None or closes is None or not prizes or reserves is None or (not instant and drawn is None):
        return None
    draw = Draw(
        name, opens, closes, closes if drawn is None else drawn, prizes, reserves,
        per_customer=caps["per_customer"] or USUAL_ENTRIES, per_day=caps["per_day"],
        per_purchase=caps["per_purchase"], claim_within=claim, instant=instant,
    )  # fmt: skip
    if draw.places > MOST_PLACES:
        what = f"{draw.places} winners and reserves; at most {MOST_PLACES} are drawn at once"
        reader.problem(key, what, "Draw more often, or make it an instant win: leave `drawn` out, and say `odds`.")
    return draw


def _times(reader: Reader, said: Mapping[str, Node], zone: str) -> tuple[Millis | None, Millis | None, Millis | None]:
    """When entries begin to count, when they no longer do, and when it is drawn."""
    opens = _moment(reader, said["opens"], "opens", zone, ends=False) if "opens" in said else None
    closes = _moment(reader, said["closes"], "closes", zone, ends=True) if "closes" in said else None
    drawn = _moment(reader, said["drawn"], "drawn", zone, ends=False) if "drawn" in said else None
    if opens is not None and closes is not None and closes <= opens:
        reader.problem(said["closes"], "it closes before it opens", "A day as `closes` is the last one.")
    if closes is not None and drawn is not None and drawn < closes:
        hint = "Entries count until it closes; a day as `closes` is the last one."
        reader.problem(said["drawn"], "it is drawn before it closes", hint)
    return opens, closes, drawn


def _moment(reader: Reader, node: Node, word: str, zone: str, *, ends: bool) -> Millis | None:
    """A moment, or a day: its beginning, or its end."""

    def parse(text: str) -> Millis:
        try:
            day, minute = parse_moment(text)
        except WordError:
            if " " in text.strip():
                raise
            return at_local(parse_date(text) + ends, 0, zone)
        return at_local(day, minute, zone)

    return reader.word(node, word, parse)


def _cap(reader: Reader, said: Mapping[str, Node], word: str) -> int | None:
    return reader.integer(said[word], word, 1, MOST_ENTRIES) if word in said else None


def _prizes(reader: Reader, node: Node, rewards: Mapping[str, Reward], *, instant: bool) -> tuple[Prize, ...]:
    """In the order in which they are written: the first one goes to the lowest ticket."""
    example = "prizes: {free_loaf: {odds: 1 in 20, stock: 100}}" if instant else "prizes: {free_loaf: 10}"
    with reader.showing(example):
        entries = reader.entries(node, "prizes")
    found = [_prize(reader, key, value, rewards, instant=instant) for key, value in entries]
    good = [prize for prize in found if prize is not None]
    if not entries and isinstance(node, MapNode):
        reader.problem(node, "`prizes` names no reward", f"Write it as {example}.")
    if len(entries) > MOST_PRIZES:
        reader.problem(node, f"`prizes` names {len(entries)} rewards; at most {MOST_PRIZES} are told apart")
    if instant and sum(prize.chance for prize in good) > MILLION:
        reader.problem(node, "these odds come to more than 100%", "Every entry hits one prize at most.")
    return tuple(good) if len(good) == len(entries) else ()


def _prize(
    reader: Reader, key: ScalarNode, value: Node, rewards: Mapping[str, Reward], *, instant: bool
) -> Prize | None:
    reward = reader.known(key, "prizes", rewards, "reward")
    if not instant:
        if isinstance(value, MapNode) and value.get("odds") is not None:
            hint = "Leave `drawn` out for an instant win, or write how many there are: `free_loaf: 10`."
            reader.problem(value, "odds are of an instant win, and this draw is drawn at a moment", hint)
            return None
        stock = reader.integer(value, f"prizes: {key.text}", 1, MOST_PLACES)
        return None if reward is None or stock is None else Prize(reward, stock)
    if not isinstance(value, MapNode):
        hint = "Write `{odds: 1 in 20, stock: 100}`, or add `drawn: 2026-12-27 12:00` for a draw at a moment."
        reader.problem(value, "without `drawn` it is an instant win, whose prizes have odds", hint)
        return None
    said = reader.mapping(value, f"prizes: {key.text}", PRIZE_WORDS, ("odds", "stock"))
    chance = reader.word(said["odds"], "odds", parse_odds) if "odds" in said else None
    stock = reader.integer(said["stock"], "stock", 1, MOST_STOCK) if "stock" in said else None
    per_day = reader.integer(said["per_day"], "per_day", 1, MOST_STOCK) if "per_day" in said else None
    return None if reward is None or chance is None or stock is None else Prize(reward, stock, chance, per_day)


def parse_odds(text: str) -> int:
    """`1 in 20`, or `5%`, as so many of a million tickets."""
    match = _ODDS.fullmatch(text)
    if match:
        one_in = int(re.sub(r"[,.]", "", match[1]))
        if one_in <= MILLION:
            return MILLION // one_in
        raise WordError(f'"{text}" is less than one in a million', "Make it 1 in 1,000,000 at most.")
    if text.endswith("%"):
        thousandths = parse_margin(text)
        if 0 < thousandths <= _THOUSANDTHS:
            return thousandths * (MILLION // _THOUSANDTHS)
    raise WordError(f'"{text}" are no odds', "Write `1 in 20`, or `5%`.")

"""A rule's test told in a sentence: `7 purchases of bread, one per day from 2026-10-01 08:00, then 40 days pass`.

Parts are joined by `, then`; each begins with purchases, a refund, time or the feed, and goes on with clauses in
any order.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from rules.testing.givens import Given, Group, Story, number_in
from rules.yaml.nodes import ScalarNode
from rules.yaml.reader import Reader
from rules.yaml.words import WordError, parse_duration, parse_moment, parse_money
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR
from stamgast.domain.vocabulary import Channel
from stamgast.domain.written_money import SPACES

_HEAD: Final = re.compile(r"(?P<count>an?|one|[0-9]+) purchases?")
_REFUND: Final = re.compile(r"a refund of the (?P<which>last|first|[0-9]+(?:st|nd|rd|th))(?: after (?P<after>.+))?")
_PASS: Final = re.compile(r"(?P<length>[0-9]+ (?:minute|hour|day|week)s?) pass(?:es)?")
_FEED: Final = re.compile(r"the feed is (?P<state>[a-z]+)(?: again)?")
_JOIN: Final = re.compile(
    r"(?:the|a) customer joins(?: from (?P<source>[A-Za-z0-9_.-]+))?"
    r"(?: on (?P<day>[0-9-]{10})(?:(?: at)? (?P<time>[0-9]{2}:[0-9]{2}))?)?"
)
_BIRTHDAY: Final = re.compile(r"the customer's birthday is (?P<day>[0-9-]+)")
_REPLY: Final = re.compile(r"a reply(?: of (?P<keyword>[A-Za-z]+))?(?: by (?P<channel>[a-z]+))?")
_GIVE: Final = re.compile(r"an? (?P<reward>[A-Za-z0-9_.-]+) is given")
_REDEEM: Final = re.compile(
    r"the (?P<which>last|first|[0-9]+(?:st|nd|rd|th)) voucher is redeemed(?: after (?P<after>.+))?"
)
_EVENT: Final = re.compile(r"(?:an|the) event (?P<event>[A-Za-z0-9_.-]+)")
_EVERY: Final[Mapping[str, int]] = {"day": 1, "week": 7, "month": 30}
_NUMBER = f"[0-9](?:[0-9.,'\u2019 {SPACES}]*[0-9])?"
_MONEY = f"(?:(?:[A-Z]{{3}}|[€£$]) ?{_NUMBER}|{_NUMBER} ?(?:[A-Z]{{3}}|[€£$]))(?![A-Za-z0-9])"


def _set_amount(_: Story, group: Group, match: re.Match[str], program: Program) -> None:
    money = parse_money(match[1])
    if money.currency != program.currency:
        raise WordError(f"the programme counts in {program.currency}, not in {money.currency}")
    group.amount = money.minor


def _set_what(_: Story, group: Group, match: re.Match[str], __: Program) -> None:
    group.what = match[1].strip('"')


def _set_store(_: Story, group: Group, match: re.Match[str], __: Program) -> None:
    group.store = match[1]


def _set_start(_: Story, group: Group, match: re.Match[str], __: Program) -> None:
    group.day, group.minute = parse_moment(f"{match[1]} {match[2] or '10:00'}")


def _set_pace(_: Story, group: Group, match: re.Match[str], __: Program) -> None:
    group.every_days = _EVERY[match[1]] if match[1] else int(match[2])


def _set_same_day(_: Story, group: Group, __: re.Match[str], ___: Program) -> None:
    group.every_days = 0


def _set_language(story: Story, _: Group, match: re.Match[str], __: Program) -> None:
    story.speaks(match[1])


_Apply = Callable[[Story, Group, re.Match[str], Program], None]
_CLAUSES: Final[tuple[tuple[re.Pattern[str], _Apply], ...]] = (
    (re.compile(rf"of ({_MONEY})(?: each)?"), _set_amount),
    (re.compile(r'of ("[^"]+"|[A-Za-z0-9_.-]+)'), _set_what),
    (re.compile(r"at ([A-Za-z0-9_.-]+)"), _set_store),
    (re.compile(r"(?:from|on) ([0-9-]{10})(?:(?: at)? ([0-9]{2}:[0-9]{2}))?"), _set_start),
    (re.compile(r"(?:one per|one a|every) (?:(day|week|month)|([0-9]{1,3}) days)"), _set_pace),
    (re.compile(r"(?:all )?on (?:the same|one) day"), _set_same_day),
    (re.compile(r"by a customer who speaks ([a-z]{2}(?:-[A-Z]{2})?)"), _set_language),
)


def read_phrases(reader: Reader, node: ScalarNode, program: Program) -> Given | None:
    """Read a sentence phrase by phrase into steps."""
    text = reader.text(node, "given")
    if text is None:
        return None
    story = Story(program)
    try:
        for part in re.split(r"[,;]? *\bthen ", " ".join(text.split())):
            _tell(story, part.strip().rstrip("."), program)
    except WordError as error:
        hint = error.hint or 'Such as: "7 purchases of bread, one per day from 2026-10-01 08:00, then 40 days pass".'
        if error.formerly is not None:
            reader.refuse_from_now_on(node, f"`given`: {error}", hint)
        else:
            reader.problem(node, f"`given`: {error}", hint)
        return None
    return story.given()


def _tell(story: Story, part: str, program: Program) -> None:
    if match := _PASS.fullmatch(part):
        story.wait(parse_duration(match["length"]))
    elif match := _REFUND.fullmatch(part):
        if match["after"]:
            story.wait(parse_duration(match["after"]) - HOUR)
        story.give_back(match["which"])
    elif match := _FEED.fullmatch(part):
        story.feed_is(match["state"])
    elif _tell_rarer(story, part):
        pass
    elif match := _HEAD.match(part):
        count = 1 if match["count"] in {"a", "an", "one"} else number_in(match["count"])
        group = Group(count)
        _read_clauses(story, group, part[match.end() :], program)
        story.buy(group)
    else:
        raise WordError(f'"{part}" is not understood')


def _tell_rarer(story: Story, part: str) -> bool:
    """What few tests say; false if it is something else."""
    if match := _JOIN.fullmatch(part):
        day, minute = parse_moment(f"{match['day']} {match['time'] or '10:00'}") if match["day"] else (None, None)
        story.join(day, minute, match["source"] or "")
    elif match := _BIRTHDAY.fullmatch(part):
        story.tell_birthday(match["day"])
    elif match := _REPLY.fullmatch(part):
        story.reply((match["keyword"] or "").lower(), match["channel"] or Channel.SMS)
    elif match := _REDEEM.fullmatch(part):
        if match["after"]:
            story.wait(parse_duration(match["after"]))
        story.redeem(match["which"])
    elif match := _EVENT.fullmatch(part):
        story.post(match["event"])
    elif match := _GIVE.fullmatch(part):
        story.get_reward(match["reward"])
    else:
        return False
    return True


def _read_clauses(story: Story, group: Group, rest: str, program: Program) -> None:
    while rest := rest.lstrip(" ,"):
        for pattern, apply in _CLAUSES:
            match = pattern.match(rest)
            if match and (match.end() == len(rest) or rest[match.end()] in " ,"):
                apply(story, group, match, program)
                rest = rest[match.end() :]
                break
        else:
            raise WordError(f'"{rest}" is not understood')

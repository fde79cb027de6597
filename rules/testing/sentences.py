"""A rule's test told in a sentence: `7 purchases of bread, one per day from 2026-10-01 08:00, then 40 days pass`.

Parts are joined by `, then`; each begins with purchases, a refund, time or the feed, and goes on with clauses in
any order.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from rules.testing.abroad import in_english
from rules.testing.givens import Given, Group, Story, number_in
from rules.testing.waits import parse_wait
from rules.yaml.nodes import ScalarNode
from rules.yaml.reader import Reader, in_digits
from rules.yaml.words import WordError, parse_duration, parse_moment, parse_money
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR
from stamgast.domain.vocabulary import Channel
from stamgast.domain.written_money import SPACES

_HEAD: Final = re.compile(r"(?P<count>an?|one|[0-9]+) purchases?")
_REFUND: Final = re.compile(r"a refund of the (?P<which>last|first|[0-9]+(?:st|nd|rd|th))(?: after (?P<after>.+))?")
_PASS: Final = re.compile(r"(?P<length>[0-9]+ (?:minute|hour|day|week|month|year)s?) pass(?:es)?")
_FEED: Final = re.compile(r"the feed(?: of (?P<store>[A-Za-z0-9_.-]+))? is (?P<state>[a-z]+)(?: again)?")
_ON: Final = re.compile(r"(?P<what>.+?),? on (?P<day>[0-9-]{10})(?:(?: at)? (?P<time>[0-9]{2}:[0-9]{2}))?")
_JOIN: Final = re.compile(
    r"(?:the|a) customer joins(?: from (?P<source>[A-Za-z0-9_.-]+))?(?P<silent> without consent)?"
    r"(?: on (?P<day>[0-9-]{10})(?:(?: at)? (?P<time>[0-9]{2}:[0-9]{2}))?)?"
)
_BIRTHDAY: Final = re.compile(r"the customer's birthday is (?P<day>[0-9-]+)")
_CONSENT: Final = re.compile(
    r"the customer (?P<how>gives|takes back) consent(?: to (?P<purpose>[a-z]+))?(?: by (?P<channel>[a-z]+))?"
)
_HELD_OUT: Final = re.compile(r"the customer is held out(?: of (?P<rule>[A-Za-z0-9_-]+))?")
_VARIANT: Final = re.compile(r"the customer gets variant (?P<name>[A-Za-z0-9_-]+)")
_REPLY: Final = re.compile(
    r"a reply(?: of (?P<keyword>[A-Za-z]+))?(?P<photo> with a photo)?(?: by (?P<channel>[a-z]+))?"
)
_WRITES: Final = re.compile(
    r"the customer (?:replies|writes) [\"'](?P<text>[^\"]{1,400})[\"'](?: by (?P<channel>[a-z]+))?"
)
_ASKED: Final = re.compile(r"the customer is asked (?P<question>[A-Za-z0-9_-]+)")
_WINS: Final = re.compile(r"the customer wins (?P<reward>[A-Za-z0-9_.-]+) in (?P<draw>[A-Za-z0-9_.-]+)")
_NOTHING: Final = "nothing"
_GIVE: Final = re.compile(r"an? (?P<reward>[A-Za-z0-9_.-]+) is given")
_SAYS: Final = re.compile(r"the customer says (?P<keyword>STOP|START)(?: by (?P<channel>[a-z]+))?")
_REDEEM: Final = re.compile(
    r"the (?P<which>last|first|[0-9]+(?:st|nd|rd|th)) voucher is redeemed(?: after (?P<after>.+))?"
)
_EVENT: Final = re.compile(r"(?:an|the) event (?P<event>[A-Za-z0-9_.-]+)")
_FRIENDS: Final = re.compile(r"(?P<count>an?|one|[0-9]+) friends? buys?(?: for (?P<amount>.+))?")
_FRIEND_RETURNS: Final = re.compile(r"the friend gives it back")
_START: Final = re.compile(r"the campaign starts")
_BEHIND_PURCHASES: Final = (
    'Behind purchases may stand: "of bread", "of 12.40 EUR", "at korenmarkt", "on 2026-10-01 08:00", "one per day", '
    '"on the same day", "by a customer who speaks nl".'
)
_USUAL: Final = "7 purchases of bread, one per day from 2026-10-01 08:00, then 40 days pass"
_SUCH_AS: Final[Mapping[str, str]] = {
    r"refund|return|terug|retour|rembours|erstatt": "a refund of the last after 2 hours",
    r"consent|agree|permission|toestemming|accord|zustimm|einwillig": "the customer takes back consent to marketing",
    r"\bstop\b|unsubscri|opts? out|afmeld|abmeld": "a reply of STOP",
    r"held|hold|control|controle|kontroll": "the customer is held out",
    r"variant|\ba/b\b": "the customer gets variant b",
    r"voucher|redeem|bon\b|gutschein|inlever|ingewissel": "the last voucher is redeemed after 2 days",
    r"birthday|verjaar|anniversaire|geburt": "the customer's birthday is 10-21",
    r"(?:repl|writes|schrijft|schreibt|écrit).*\bjoin": "the customer writes 'JOIN korenmarkt' by whatsapp",
    r"\bjoin|sign|enrol|inschrij|anmeld|inscri": "the customer joins from flyer on 2026-10-01 09:00",
    r"score|rating|cijfer": 'the customer replies "8"',
    r"repl|answer|antwoord|antwort|répon|schrijft|writes": "a reply of help by whatsapp",
    r"\bwins?\b|\bwon\b|\bdraw|loting|tirage|verlosung": "the customer wins nothing in december",
    r"\bevent": "an event workshop",
    r"\bfriend|vriend|\bamie?\b|freund": "a friend buys for 20 EUR",
    r"campai?g?n|campagne|kampagne": "the campaign starts",
    r"\bgiven?\b|reward|beloning|krijgt|gets": "a free_loaf is given",
    r"feed|till|kassa|kasse|caisse": "the feed is stale",
    r"pass|wait|later|wacht|\bna\b|nach|après|days?\b|dagen|jours|tage|weeks?\b|months?\b": "40 days pass",
}
"""What a part that is not understood seems to be about -> how such a part is written."""
_EVERY: Final[Mapping[str, int]] = {"day": 1, "week": 7, "month": 30}
_NUMBER = f"[0-9](?:[0-9.,'\u2019 {SPACES}]*[0-9])?"
_MONEY = f"(?:(?:[A-Z]{{3}}|[€£$]) ?{_NUMBER}|{_NUMBER} ?(?:[A-Z]{{3}}|[€£$]))(?![A-Za-z0-9])"


def _set_amount(_: Story, group: Group, match: re.Match[str], program: Program) -> None:
    money = parse_money(match[1])
    if money.currency != program.currency:
        number = re.sub(r"[A-Z]{3}|[€£$]", "", match[1]).strip()
        hint = f'Write "of {number} {program.currency}".'
        raise WordError(f"the programme counts in {program.currency}, not in {money.currency}", hint)
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
    try:
        return _told(text, program)
    except WordError as error:
        if error.formerly is not None:
            reader.refuse_from_now_on(node, f"`given`: {error}", error.hint)
        else:
            reader.problem(node, f"`given`: {error}", _in_english(text, program) or error.hint)
        return None


def _told(text: str, program: Program) -> Given:
    story = Story(program)
    for part in re.split(r"[,;]? *\bthen ", " ".join(text.split())):
        _tell(story, part.strip().rstrip("."), program)
    return story.given()


def _in_english(text: str, program: Program) -> str:
    """How to write a sentence in Dutch, French or German, where that can be told for certain."""
    english = in_english(" ".join(text.split()))
    try:
        _told(english, program)
    except WordError:
        return ""
    return f'Write it in English: "{english}".'


def _tell(story: Story, part: str, program: Program) -> None:
    if match := _PASS.fullmatch(part):
        story.wait(parse_wait(match["length"]))
    elif match := _REFUND.fullmatch(part):
        if match["after"]:
            story.wait(parse_duration(match["after"]) - HOUR)
        story.give_back(match["which"])
    elif match := _FEED.fullmatch(part):
        story.feed_is(match["state"], match["store"] or "")
    elif match := _JOIN.fullmatch(part):
        day, minute = parse_moment(f"{match['day']} {match['time'] or '10:00'}") if match["day"] else (None, None)
        story.join(day, minute, match["source"] or "", agrees=not match["silent"])
    elif match := _HELD_OUT.fullmatch(part):
        story.hold_out(match["rule"] or "")
    elif match := _VARIANT.fullmatch(part):
        story.get_variant(match["name"])
    elif match := _HEAD.match(part):
        count = 1 if match["count"] in {"a", "an", "one"} else number_in(match["count"])
        group = Group(count)
        _read_clauses(story, group, part[match.end() :], program)
        story.buy(group)
    elif not _tell_rarer(story, part):
        raise WordError(f'"{part}" is not understood', _such_as(part))


def _such_as(part: str) -> str:
    """How a part is written that is about what this one seems to be about."""
    folded = part.casefold()
    number = re.match(r"(\w+) (?:purchase|aankop|achat|einkäuf|kopen|käufe)", folded)
    if number and (count := _number(number[1])) is not None:
        return f'Write "{count} purchases", in English and with the number in digits.'
    return f'Such as: "{next((each for about, each in _SUCH_AS.items() if re.search(about, folded)), _USUAL)}".'


def _number(word: str) -> int | None:
    return number_in(word) if word.isdecimal() else in_digits(word)


def _tell_rarer(story: Story, part: str) -> bool:
    """What few tests say; false if it is something else. All of it may happen `on 2026-10-01 at 09:00`."""
    on = _ON.fullmatch(part)
    what = part if on is None else on["what"]
    for pattern, tell in _RARER:
        if match := pattern.fullmatch(what):
            if on is not None:
                story.come_to(*parse_moment(f"{on['day']} {on['time'] or '10:00'}"))
            tell(story, match)
            return True
    return False


def _tell_consent(story: Story, match: re.Match[str]) -> None:
    story.consent(given=match["how"] == "gives", to=match["purpose"] or "", by=match["channel"] or "")


def _tell_reply(story: Story, match: re.Match[str]) -> None:
    photo = bool(match.groupdict().get("photo"))
    story.reply((match["keyword"] or "").lower(), match["channel"] or Channel.SMS, media=photo)


def _tell_friends(story: Story, match: re.Match[str]) -> None:
    amount = None
    if match["amount"]:
        money = parse_money(match["amount"])
        if money.currency != story.program.currency:
            hint = f'Write "for 20 {story.program.currency}".'
            raise WordError(f"the programme counts in {story.program.currency}, not in {money.currency}", hint)
        amount = money.minor
    count = 1 if match["count"] in {"a", "an", "one"} else number_in(match["count"])
    for _ in range(count):
        story.friend_buys(amount)


def _tell_redeemed(story: Story, match: re.Match[str]) -> None:
    if match["after"]:
        story.wait(parse_duration(match["after"]))
    story.redeem(match["which"])


def _tell_won(story: Story, match: re.Match[str]) -> None:
    story.win(match["draw"], "" if match["reward"] == _NOTHING else match["reward"])


_RARER: Final[tuple[tuple[re.Pattern[str], Callable[[Story, re.Match[str]], None]], ...]] = (
    (_BIRTHDAY, lambda story, match: story.tell_birthday(match["day"])),
    (_CONSENT, _tell_consent),
    (_REPLY, _tell_reply),
    (_SAYS, _tell_reply),
    (_ASKED, lambda story, match: story.ask(match["question"])),
    (_WRITES, lambda story, match: story.write(match["text"], match["channel"] or Channel.SMS)),
    (_REDEEM, _tell_redeemed),
    (_EVENT, lambda story, match: story.post(match["event"])),
    (_FRIENDS, _tell_friends),
    (_FRIEND_RETURNS, lambda story, _: story.friend_returns()),
    (_START, lambda story, _: story.start_campaign()),
    (_WINS, _tell_won),
    (_GIVE, lambda story, match: story.get_reward(match["reward"])),
)


def _read_clauses(story: Story, group: Group, rest: str, program: Program) -> None:
    while rest := rest.lstrip(" ,"):
        for pattern, apply in _CLAUSES:
            match = pattern.match(rest)
            if match and (match.end() == len(rest) or rest[match.end()] in " ,"):
                apply(story, group, match, program)
                rest = rest[match.end() :]
                break
        else:
            raise WordError(f'"{rest}" is not understood', _BEHIND_PURCHASES)

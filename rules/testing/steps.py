"""What a rule's test is given as a list of steps: `{purchase: {of: bread}, at: …}`, `{consent: taken_back}`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from rules.testing.givens import Given, Group, Story, moment
from rules.testing.happenings import events_in
from rules.testing.waits import parse_wait
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import WordError, parse_moment
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, Day
from stamgast.domain.vocabulary import Channel, Purpose

AT: Final = "at"
GIVEN: Final = "given"
TAKEN_BACK: Final = "taken_back"
CONSENTS: Final = (GIVEN, TAKEN_BACK)
AGREES: Final = ("all", "none")
"""What who joins agrees to."""
BUYS: Final = "buys"
FRIENDS: Final = (BUYS, "gives_back")
"""What a friend does."""
_KEEPS_TIME: Final = frozenset({"purchase", "refund", "join"})
"""Steps that read `at` for themselves."""
_TIMELESS: Final = frozenset({"pass", "language", "held_out", "variant"})
"""Steps that happen at no moment."""


def read_steps(reader: Reader, node: Node, program: Program) -> Given | None:
    """A list of steps: `{purchase: {of: bread, amount: 12.40 EUR, store: dok-noord}, at: …}`, `{refund: last}`,
    `{pass: 40 days}`, `{feed: stale}`, `{feed: {dok-noord: quiet}}`, `{language: fr}`,
    `{join: {source: flyer, consent: none}, at: …}`, `{birthday: 10-21}`,
    `{consent: {taken_back: marketing, by: sms}}`, `{held_out: true}`,
    `{variant: b}`,
    `{reply: {keyword: help, channel: sms}}`, `{give: free_loaf}`, `{redeem: last}`,
    `{drawn: {draw: december, won: free_loaf}}`, `{event: {workshop: {topic: bread, score: 5}}}`,
    `{friend: {buys: 20 EUR}}`, `{friend: gives_back}`.
    """
    story = Story(program)
    good = True
    for item in reader.items(node, "given"):
        try:
            good &= _read_step(reader, item, story)
        except WordError as error:
            reader.problem(item, f"`given`: {error}", error.hint)
            good = False
    return story.given() if good else None


def _read_step(reader: Reader, item: Node, story: Story) -> bool:
    found = reader.mapping(item, "given", STEPS)
    told = reader.word(found[AT], AT, parse_moment) if AT in found else None
    if AT in found and told is None:
        return False
    words = [word for word in found if word != AT]
    if len(words) != 1:
        if isinstance(item, MapNode) and len(words) + (AT in found) == len(item.entries):
            if words:
                reader.problem(item, "two steps in one", "Write each in braces of its own, or behind a dash.")
            else:
                reader.problem(item, "each step is one of these", f"Allowed here: {', '.join(_STEPS)}.")
        return False
    [word] = words
    if told is not None and word in _TIMELESS:
        reader.problem(found[AT], f"`{word}` happens at no moment of its own", "Leave `at` out.")
        return False
    if told is not None and word not in _KEEPS_TIME:
        story.come_to(*told)
    return _STEPS[word](reader, found[word], story, told)


_Told = tuple[Day, int] | None


def _purchase(reader: Reader, node: Node, story: Story, told: _Told) -> bool:
    group = _read_group(reader, node, story.program)
    story.buy(group if told is None else replace(group, day=told[0], minute=told[1]))
    return True


def _refund(reader: Reader, node: Node, story: Story, told: _Told) -> bool:
    at = None if told is None else moment(*told, story.program)
    which = reader.text(node, "refund")
    if which is not None:
        story.give_back(which, at)
    return which is not None


def _pass(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    length = reader.word(node, "pass", parse_wait)
    story.wait(length or DAY)
    return length is not None


def _feed(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    """A state of all, or of stores by name: `{dok-noord: stale}`."""
    if not isinstance(node, MapNode):
        return _texted(reader, node, "feed", story.feed_is)
    stores = _settings(reader, node, "feed", tuple(story.program.stores))
    for store, state in (stores or {}).items():
        story.feed_is(state, store)
    return bool(stores)


def _language(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    return _texted(reader, node, "language", story.speaks)


def _join(reader: Reader, node: Node, story: Story, told: _Told) -> bool:
    more = _settings(reader, node, "join", ("source", "consent"))
    if more is None:
        return False
    consent = more.get("consent", "all")
    if consent not in AGREES:
        raise WordError(f'unknown word "{consent}" after `consent`', suggest(consent, AGREES))
    day, minute = told or (None, None)
    story.join(day, minute, more.get("source", ""), agrees=consent == "all")
    return True


def _birthday(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    return _texted(reader, node, "birthday", story.tell_birthday)


def _consent(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    """`given`, `taken_back`, or `{taken_back: marketing, by: sms}`."""
    if isinstance(node, ScalarNode):
        word = reader.one_of(node, "consent", CONSENTS)
        if word is not None:
            story.consent(given=word == GIVEN)
        return word is not None
    found = reader.mapping(node, "consent", (*CONSENTS, "by"))
    said = [word for word in CONSENTS if word in found]
    if len(said) != 1:
        if isinstance(node, MapNode):
            hint = "Such as `{taken_back: marketing, by: sms}`, or `taken_back` alone for all of it."
            reader.problem(node, "consent is either `given` or `taken_back`", hint)
        return False
    to = reader.one_of(found[said[0]], said[0], Purpose, thing="purpose")
    by = reader.one_of(found["by"], "by", Channel, thing="channel") if "by" in found else ""
    if to is None or by is None:
        return False
    story.consent(given=said[0] == GIVEN, to=to, by=by)
    return True


def _held_out(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    """`true`, or the ids of rules."""
    if isinstance(node, ScalarNode) and isinstance(node.value, bool):
        if not node.value:
            reader.problem(node, "`held_out: false` says nothing: nobody is, unless the test says so", "Leave it out.")
            return False
        story.hold_out()
        return True
    rules = reader.texts(node, "held_out")
    for rule in rules:
        story.hold_out(rule)
    return bool(rules)


def _variant(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    return _texted(reader, node, "variant", story.get_variant)


def _reply(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    more = _settings(reader, node, "reply", ("keyword", "channel", "media", "text"))
    if more is not None:
        if "text" in more:
            if more.keys() - {"text", "channel"}:
                raise WordError("a reply with a text means what it says", "Write `{text: 8}`, and a channel at most.")
            story.write(more["text"], more.get("channel", Channel.SMS))
            return True
        photo = more.get("media", "") == "photo"
        if "media" in more and not photo:
            raise WordError(f'unknown word "{more["media"]}" after `media`', "Write `media: photo`.")
        story.reply(more.get("keyword", "").lower(), more.get("channel", Channel.SMS), media=photo)
    return more is not None


def _ask(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    return _texted(reader, node, "ask", story.ask)


def _give(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    return _texted(reader, node, "give", story.get_reward)


def _drawn(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    """`december`, which is not won, or `{draw: december, won: free_loaf}`."""
    if isinstance(node, ScalarNode):
        return _texted(reader, node, "drawn", story.win)
    more = _settings(reader, node, "drawn", ("draw", "won"))
    if more is not None:
        story.win(more.get("draw", ""), more.get("won", ""))
    return more is not None


def _redeem(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    return _texted(reader, node, "redeem", story.redeem)


def _event(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    for name, carried in events_in(reader, node):
        story.post(name, carried)
    return True


def _friend(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    """`buys`, `{buys: 20 EUR}` or `gives_back`."""
    if isinstance(node, ScalarNode):
        word = reader.one_of(node, "friend", FRIENDS)
        if word is not None:
            (story.friend_buys if word == BUYS else story.friend_returns)()
        return word is not None
    found = reader.mapping(node, "friend", (BUYS,), (BUYS,))
    amount = reader.money(found[BUYS], BUYS, story.program.currency) if BUYS in found else None
    if amount is not None:
        story.friend_buys(amount)
    return amount is not None


def _campaign(reader: Reader, node: Node, story: Story, _: _Told) -> bool:
    story.start_campaign()
    return reader.one_of(node, "campaign", ("starts",)) is not None


_STEPS: Final[Mapping[str, Callable[[Reader, Node, Story, _Told], bool]]] = {
    "purchase": _purchase,
    "refund": _refund,
    "pass": _pass,
    "feed": _feed,
    "language": _language,
    "join": _join,
    "birthday": _birthday,
    "consent": _consent,
    "held_out": _held_out,
    "variant": _variant,
    "reply": _reply,
    "ask": _ask,
    "give": _give,
    "redeem": _redeem,
    "event": _event,
    "friend": _friend,
    "drawn": _drawn,
    "campaign": _campaign,
}
STEPS: Final = (*_STEPS, AT)
"""Words of a step."""


def _texted(reader: Reader, node: Node, word: str, tell: Callable[[str], None]) -> bool:
    text = reader.text(node, word)
    if text is not None:
        tell(text)
    return text is not None


def _settings(reader: Reader, node: Node, where: str, words: tuple[str, ...]) -> dict[str, str] | None:
    """What stands after a step that may be without anything; None where that is not right."""
    if isinstance(node, ScalarNode) and node.value in {None, True}:
        return {}
    entries = reader.entries(node, where, words)
    if not isinstance(node, MapNode) or len(entries) < len(node.entries):
        return None
    found = {key.text: reader.text(value, f"{where}: {key.text}") for key, value in entries}
    good = {name: text for name, text in found.items() if text is not None}
    return good if len(good) == len(found) else None


def _read_group(reader: Reader, node: Node, program: Program) -> Group:
    if isinstance(node, ScalarNode):
        return Group(1, what=None if node.value is None else node.text)
    found = reader.mapping(node, "purchase", ("of", "amount", "store"))
    return Group(
        1,
        what=reader.text(found["of"], "of") if "of" in found else None,
        amount=reader.money(found["amount"], "amount", program.currency) if "amount" in found else None,
        store=reader.known(found["store"], "store", program.stores, "store") if "store" in found else None,
    )

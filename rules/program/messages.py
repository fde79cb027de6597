"""The part of `program.yaml` about messages: templates, and the house policy of sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from jinja2 import TemplateSyntaxError

from rules.bounds import LONGEST_TEXT, MOST_CAPS, MOST_TEMPLATES, hold_length, hold_to
from rules.program.template_check import ALL_WORDS, Used, is_dotted, mistake_in, prints_no_name, used_words
from rules.program.template_mistakes import in_words
from rules.program.unfilled import Unfilled, holds_words, unfilled
from rules.yaml.nodes import Mark, Node, ScalarNode
from rules.yaml.problems import nearest, suggest
from rules.yaml.reader import Reader
from rules.yaml.words import EARLIEST, LATEST, parse_duration, parse_hours, parse_rate
from stamgast.domain.channels import Wording, spec_of
from stamgast.domain.program import Messaging, Program, Window
from stamgast.domain.templates import Template
from stamgast.domain.vocabulary import Channel, IfUnproven, Letters, Purpose

IF_UNPROVEN: Final[Mapping[IfUnproven, str]] = {
    IfUnproven.SEND_AGAIN: (
        "it goes once more, unless it is too late, its reason went away or the customer said STOP. The risk: if the "
        "carrier had it after all, or had merely not listed it yet, it comes twice. The default for `purpose: utility`."
    ),
    IfUnproven.NEVER: "it is not sent again, and is shown as in doubt. The default for `purpose: marketing`.",
}
"""Answers to `if_unproven`, and what each means."""
MOST_PARTS: Final = 10
_CONTENT_SID: Final = re.compile(r"HX[0-9a-fA-F]{32}")
_VARIABLE: Final = re.compile(r"[1-9][0-9]?")
_TEMPLATE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER_NAME: Final = re.compile(r"[A-Za-z0-9 ]{1,11}")
_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Texts:
    """What stands beside program.yaml, by template and language: SMS texts, and the ContentSids of what was pushed.

    Whatever has a file in `contents/` is a key of `pushed`, also before it was pushed.
    """

    sms: Mapping[str, Mapping[str, str]]
    pushed: Mapping[str, Mapping[str, str]]
    drawings: Mapping[str, str] = field(default_factory=dict)
    """The files of `look/`, by their names with the folder."""


def read_templates(reader: Reader, node: Node | None, languages: tuple[str, ...], texts: Texts) -> dict[str, Template]:
    """`templates:`, joined with what stands in the folders `templates/` and `contents/`."""
    templates: dict[str, Template] = {}
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return templates
    entries = reader.entries(node, "templates")
    hold_to(reader, node, "templates", len(entries), MOST_TEMPLATES)
    for key, value in entries:
        if not _TEMPLATE_ID.fullmatch(key.text):
            reader.problem(key, f'"{key.text}" cannot be a template\'s id', "Use letters, digits, dashes, underscores.")
            continue
        templates[key.text] = _template(reader, key, value, languages, texts)
    return templates


def _template(reader: Reader, key: ScalarNode, value: Node, languages: tuple[str, ...], texts: Texts) -> Template:
    name, where = key.text, f"templates: {key.text}"
    sms, pushed = texts.sms.get(name, {}), texts.pushed.get(name)
    nothing = isinstance(value, ScalarNode) and value.value is None
    found = {} if nothing else reader.mapping(value, where, ("purpose", "whatsapp", "variables", "if_unproven"))
    purpose = reader.one_of(found["purpose"], "purpose", Purpose, thing="purpose") if "purpose" in found else None
    unproven = reader.one_of(found["if_unproven"], "if_unproven", IF_UNPROVEN) if "if_unproven" in found else None
    whatsapp = _whatsapp(reader, found.get("whatsapp"), where, languages)
    variables = _variables(reader, found.get("variables"), where)
    if pushed is not None and "whatsapp" not in found:
        whatsapp = dict(pushed) if all(language in pushed for language in languages) else {}
    elif variables and "whatsapp" not in found:
        hint = f"Write what is to be approved into contents/{name}.yaml."
        reader.problem(found["variables"], "`variables` are for WhatsApp, and this template has no `whatsapp`", hint)
    if "whatsapp" not in found and not sms and pushed is None:
        hint = f"Add the file templates/{languages[0]}/{name}.j2 for SMS, or contents/{name}.yaml for WhatsApp."
        reader.problem(key, f"the template {name} has no text", hint)
    default = IfUnproven.SEND_AGAIN if purpose == Purpose.UTILITY else IfUnproven.NEVER
    unpushed = pushed is not None and not whatsapp
    template = Template(
        name, purpose or Purpose.MARKETING, whatsapp, variables, dict(sms), unproven or default, unpushed=unpushed
    )
    for channel in Channel:
        written = template.wordings(channel)
        missing = [language for language in languages if language not in written]
        if written and missing:
            reader.problem(
                key, f"the template {name} lacks {', '.join(missing)} for {channel}", _where(channel, missing[0], name)
            )
    return template


def _where(channel: Channel, language: str, name: str) -> str:
    wording = spec_of(channel).wording
    match wording:
        case Wording.TEXT:
            return f"Add the file templates/{language}/{name}.j2."
        case Wording.APPROVED:
            return f"Add `{language}: HX…` under `{channel}`."
        case _:
            assert_never(wording)


def _whatsapp(reader: Reader, node: Node | None, where: str, languages: tuple[str, ...]) -> dict[str, str]:
    written: dict[str, str] = {}
    for language, value in reader.entries(node, f"{where}: whatsapp") if node is not None else []:
        sid = reader.text(value, f"whatsapp: {language.text}")
        if language.text not in languages:
            hint = suggest(language.text, languages)
            reader.problem(language, f'"{language.text}" is not a language of this programme', hint)
        elif sid is not None and not _CONTENT_SID.fullmatch(sid):
            hint = "It is HX and 32 hexadecimal digits: see the content template at the provider."
            reader.problem(value, f'"{sid}" is not a ContentSid', hint)
        elif sid is not None:
            written[language.text] = sid
    return written


def _variables(reader: Reader, node: Node | None, where: str) -> dict[str, str]:
    """Number -> Jinja text; a bare word such as `voucher.code` is short for `{{ voucher.code }}`."""
    variables: dict[str, str] = {}
    for number, value in reader.entries(node, f"{where}: variables") if node is not None else []:
        text = reader.text(value, f"variables: {number.text}")
        if not _VARIABLE.fullmatch(number.text):
            reader.problem(number, f'"{number.text}" is not the number of a variable', 'Write them as "1", "2", …')
        elif text is not None:
            source = f"{{{{ {text} }}}}" if is_dotted(text) else text
            _check_variable(reader, value, source)
            variables[number.text] = source
    expected = [str(number) for number in range(1, len(variables) + 1)]
    if node is not None and sorted(variables, key=int) != expected:
        hint = f"Number them {', '.join(expected)}, as the approved text does." if expected else 'Begin with "1".'
        reader.problem(node, "`variables` must be numbered from 1 without gaps", hint)
    return variables


def _check_variable(reader: Reader, node: Node, source: str) -> None:
    if not reader.source.published:
        check_text(reader, node, source)
        _check_name(reader, node.mark, source, "WhatsApp takes no empty variable: the message would not go out")


def check_text(reader: Reader, node: Node, source: str) -> None:
    """Note words that no message can speak of, and what is no Jinja2 at all."""
    try:
        used = used_words(source)
    except TemplateSyntaxError as error:
        reader.problem(node, f"this is not the text of a template: {in_words(error.message or '')}")
        return
    for found in unfilled(source):
        _tell_of_unfilled(reader, node.mark, found)
    for each in used:
        if not each.known:
            reader.problem(node, f'unknown variable "{each.text}"', _meant(each.text))
    _try_it(reader, node.mark, source)


def _meant(text: str) -> str:
    """The word of a message that was meant: `customer.name` for `klant.naam`, `customer.first_name` for `voornaam`."""
    thing, _, word = text.partition(".")
    things = {each.partition(".")[0] for each in ALL_WORDS}
    alone = "" if word or nearest(thing, things) else nearest(thing, [each.partition(".")[2] for each in ALL_WORDS])
    if alone:
        return suggest(next(each for each in ALL_WORDS if each.endswith(f".{alone}")), ALL_WORDS)
    of = nearest(thing, things) or thing
    words = [each.partition(".")[2] for each in ALL_WORDS if each.startswith(f"{of}.")]
    return suggest(f"{of}.{nearest(word, words) or word}", ALL_WORDS)


def _try_it(reader: Reader, mark: Mark, source: str) -> None:
    """Note what would keep each message from being made."""
    hold_length(reader, mark, "this text", source, LONGEST_TEXT)
    if len(source) <= LONGEST_TEXT and (mistake := mistake_in(source)):
        reader.problem(mark, in_words(mistake), "No message could be made of it.")


def _tell_of_unfilled(reader: Reader, mark: Mark, found: Unfilled) -> None:
    hint = f"Write {found.instead}." if found.instead else "Write {{ … }} around a word of the message."
    reader.refuse_from_now_on(mark, f'"{found.text}" goes out as it stands: words have two braces on each side', hint)


def check_plain(reader: Reader, node: Node, text: str) -> None:
    """Check a text that messages speak of as it stands: nothing in it is filled in."""
    if holds_words(text):
        hint = "Words belong into the template that speaks of it."
        reader.refuse_from_now_on(node, f'"{text}" goes out as it stands: it is no template', hint)


def _check_name(reader: Reader, mark: Mark, source: str, so: str) -> None:
    """Not everybody has given a name: a text that prints one has something to say instead."""
    if word := prints_no_name(source):
        hint = f"Write {{{{ {word} or '…' }}}}, or {{% if {word} %}}…{{% endif %}} around it."
        reader.refuse_from_now_on(mark, f"`{word}` is empty for those who gave no name; {so}", hint)


def check_sms(reader: Reader, language: str, name: str, program: Program) -> None:
    """Check one file of templates/: its language, its template, its words."""
    top = Mark(1, 1)
    if language not in program.languages:
        hint = suggest(language, program.languages)
        reader.problem(top, f'"{language}" is not a language of this programme', hint)
    if name not in program.templates:
        match = nearest(name, program.templates)
        asked = f'Did you mean "{match}"? ' if match else ""
        reader.problem(top, f'program.yaml names no template "{name}"', f"{asked}Add `{name}:` under `templates`.")
    try:
        used = used_words(reader.source.text)
    except TemplateSyntaxError as error:
        mark = Mark(error.lineno, 1)
        reader.problem(mark, f"this is not the text of a template: {in_words(error.message or '')}")
        return
    for found in unfilled(reader.source.text):
        _tell_of_unfilled(reader, Mark(found.line, found.column, len(found.text)), found)
    for each in used:
        if not each.known:
            reader.problem(_place(reader, each), f'unknown variable "{each.text}"', _meant(each.text))
    _try_it(reader, top, reader.source.text)
    if not reader.source.text.strip():
        reader.problem(top, "this text is empty", "Write the message into it, or delete the file.")
    _check_name(reader, top, reader.source.text, "there would be a hole in the text")
    _check_opt_out(reader, name, program)


def _place(reader: Reader, used: Used) -> Mark:
    """Jinja2 knows lines only; the column is found again."""
    lines = reader.source.lines
    line = lines[used.line - 1] if used.line <= len(lines) else ""
    return Mark(used.line, max(0, line.find(used.text)) + 1, len(used.text))


def _check_opt_out(reader: Reader, name: str, program: Program) -> None:
    template = program.templates.get(name)
    if template is None or template.purpose != Purpose.MARKETING or not program.messaging.senders.get(Channel.SMS):
        return
    if "stop" not in reader.source.text.casefold():
        hint = 'Add a line such as "Stop? Antwoord STOP".'
        reader.problem(Mark(1, 1), "this marketing message does not say how to stop such messages", hint, warning=True)


def read_messaging(reader: Reader, node: Node | None) -> Messaging:
    """`messaging:`: senders, hours, caps, patience."""
    default = Messaging()
    if node is None:
        return default
    senders = {channel: f"{channel}_sender" for channel in Channel}
    words = (*senders.values(), "send_between", "caps", "give_up_after", "letters", "max_parts")
    found = reader.mapping(node, "messaging", words)
    letters = reader.one_of(found["letters"], "letters", Letters) if "letters" in found else None
    parts = reader.integer(found["max_parts"], "max_parts", 1, MOST_PARTS) if "max_parts" in found else None
    give_up = reader.word(found["give_up_after"], "give_up_after", parse_duration) if "give_up_after" in found else None
    return Messaging(
        senders={
            channel: _sender(reader, found.get(word), word, names=spec_of(channel).sender_names)
            for channel, word in senders.items()
        },
        windows={**default.windows, **_windows(reader, found.get("send_between"))},
        caps={**default.caps, **_caps(reader, found.get("caps"))},
        give_up_after=give_up or default.give_up_after,
        letters=letters or default.letters,
        max_parts=parts or default.max_parts,
    )


def _sender(reader: Reader, node: Node | None, where: str, *, names: bool) -> str:
    text = reader.text(node, where) if node is not None else None
    if text is None or node is None:
        return ""
    if _PHONE.fullmatch(text) or _SERVICE.fullmatch(text):
        return text
    if text.replace(" ", "").lstrip("0").isdecimal() and _SENDER_NAME.fullmatch(text):
        hint = 'Write it with the country code and a plus, such as "+31201234567".'
        reader.refuse_from_now_on(node, f'`{where}`: "{text}" is a number without its country', hint)
        return text if names else ""
    if names and _SENDER_NAME.fullmatch(text):
        hint = "Send from a number, so that people can stop the messages by answering."
        reader.problem(node, f'nobody can answer STOP to the name "{text}"', hint, warning=True)
        return text
    what = "a phone number such as +31201234567, or a messaging service (MG…)"
    reader.problem(
        node,
        f'`{where}`: "{text}" is not a sender',
        f"Write {what}{', or a name of at most 11 letters' if names else ''}.",
    )
    return ""


def _windows(reader: Reader, node: Node | None) -> dict[str, Window]:
    windows: dict[str, Window] = {}
    for key, value in reader.entries(node, "send_between", tuple(Purpose)) if node is not None else []:
        window = reader.word(value, f"send_between: {key.text}", parse_hours)
        if window is None:
            continue
        if window.opens < EARLIEST or window.closes > LATEST:
            reader.problem(
                value, "messages may go out from 08:00 to 21:00 only", "Nobody wants a shop's message at night."
            )
        windows[key.text] = window
    return windows


def _caps(reader: Reader, node: Node | None) -> dict[str, tuple[tuple[int, int], ...]]:
    caps: dict[str, tuple[tuple[int, int], ...]] = {}
    with reader.showing("caps: {marketing: [2 per day, 8 per 30 days]}"):
        entries = reader.entries(node, "caps", tuple(Purpose)) if node is not None else []
    for key, value in entries:
        items = reader.items(value, f"caps: {key.text}")
        hold_to(reader, value, f"caps: {key.text}", len(items), MOST_CAPS)
        rates = [reader.word(item, f"caps: {key.text}", parse_rate) for item in items]
        for item, rate in zip(items, rates, strict=True):
            if rate is not None and rate[1] > MEMORY_DAYS:
                hint = f'Such as "{rate[0]} per {MEMORY_DAYS} days".'
                reader.problem(item, f"a cap can look back {MEMORY_DAYS} days at most", hint)
        caps[key.text] = tuple(rate for rate in rates if rate is not None)
    return caps


MEMORY_DAYS: Final = 30
"""How long a customer's state remembers contacts."""

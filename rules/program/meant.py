"""What a programme means in spite of a mistake that was told: so that one mistake is not told five times."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from rules.bounds import MOST_LANGUAGES, hold_to
from rules.yaml.called import language_called
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.problems import nearest
from rules.yaml.reader import Reader

_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


def read_languages(reader: Reader, node: Node | None) -> tuple[str, ...]:
    """The codes of `languages`; empty where there are none. A name such as Dutch is told, and taken for its code."""
    if node is None:
        return ()
    languages = reader.texts(node, "languages")
    hold_to(reader, node, "languages", len(languages), MOST_LANGUAGES)
    for item, text in zip(reader.items(node, "languages"), languages, strict=False):
        if not _LANGUAGE.fullmatch(text):
            code = language_called(text)
            hint = f'Write "{code}".' if code else 'Write codes such as "nl", "fr" or "en".'
            reader.problem(item, f'`languages`: "{text}" is not a language', hint)
    codes = (each if _LANGUAGE.fullmatch(each) else language_called(each) for each in languages)
    return tuple(dict.fromkeys(code for code in codes if code))


def spoken_in(found: Mapping[str, Node], sms: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Where `languages` is missing, those that the rest is written in: one mistake is told once."""
    rewards = found.get("rewards")
    entries = rewards.entries if isinstance(rewards, MapNode) else ()
    names = [reward.get("names") for _, reward in entries if isinstance(reward, MapNode)]
    spoken = [key.text for each in names if isinstance(each, MapNode) for key, _ in each.entries]
    spoken += [language for texts in sms.values() for language in texts]
    return tuple(dict.fromkeys(each for each in spoken if _LANGUAGE.fullmatch(each))) or ("en",)


def take_for_meant(node: Node, found: dict[str, Node], sections: Collection[str]) -> None:
    """Let a section with a slip in its name be read as the one that is missing: what names its things is not wrong."""
    for key, value in node.entries if isinstance(node, MapNode) else ():
        if key.text not in sections and (meant := nearest(key.text, sections)) and meant not in found:
            found[meant] = value


def a_reward(name: str, node: Node, languages: Sequence[str]) -> str:
    """How a reward is written, by the name that was given to it."""
    called = node.text if isinstance(node, ScalarNode) and node.value is not None else "A loaf"
    return f"{name}: {{names: {{{next(iter(languages), 'en')}: {called}}}}}"

"""`rewards:` of program.yaml: what cards and rules give."""

from collections.abc import Mapping
from typing import Final

from rules.bounds import LONGEST_NAME, MOST_REWARDS, hold_length, hold_to
from rules.program.freshness import read_duration
from rules.program.meant import a_reward
from rules.program.messages import check_plain
from rules.program.named import named
from rules.yaml.nodes import MapNode, Node
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import parse_margin
from stamgast.domain.program import Reward
from stamgast.domain.units import DAY, Millis, Minor
from stamgast.domain.voucher_terms import MOST_USES, Worth

REWARD_WORDS: Final = (
    "names",
    "valid_for",
    "cost",
    "value",
    "uses",
    "worth",
    "at_most",
    "minimum_spend",
    "rest",
    "usable_after",
    "codes",
)
_KEPT: Final = "kept"
_RESTS: Final = ("lost", _KEPT)
IMPORTED: Final = "imported"
CODES: Final = (IMPORTED, "ours")


def read_rewards(reader: Reader, node: Node | None, languages: tuple[str, ...], currency: str) -> dict[str, Reward]:
    """Every reward by its id."""
    rewards: dict[str, Reward] = {}
    entries = named(reader, node, "rewards")
    if node is not None:
        hold_to(reader, node, "rewards", len(entries), MOST_REWARDS)
    for name, key, value in entries:
        with reader.showing(a_reward(name, value, languages)):
            found = reader.mapping(value, f"rewards: {name}", REWARD_WORDS, ("names",))
        names: dict[str, str] = {}
        for language, text in reader.entries(found["names"], f"rewards: {name}: names") if "names" in found else []:
            read = reader.text(text, f"names: {language.text}")
            if language.text not in languages:
                hint = suggest(language.text, languages)
                reader.problem(language, f'"{language.text}" is not a language of this programme', hint)
            elif read is not None:
                hold_length(reader, text, "the name of a reward", read, LONGEST_NAME)
                check_plain(reader, text, read)
                names[language.text] = read
        missing = [each for each in languages if each not in names]
        if "names" in found and isinstance(found["names"], MapNode) and missing:
            hint = f"Add `{missing[0]}: …` under `names`."
            reader.problem(key, f"the reward {name} has no name in {', '.join(missing)}", hint)
        rewards[name] = _reward(reader, name, names, found, currency)
    return rewards


def _reward(reader: Reader, name: str, names: Mapping[str, str], found: Mapping[str, Node], currency: str) -> Reward:
    worth = _takes_off(reader, found, name, currency)
    uses = reader.integer(found["uses"], f"rewards: {name}: uses", 1, MOST_USES) if "uses" in found else None
    if uses and worth is not None and worth.keeps_rest:
        hint = "Leave `uses` out: it is used until nothing is left."
        reader.problem(found["uses"], f"`rewards: {name}` has both `uses` and `rest: kept`", hint)
    amount = worth.amount or None if worth is not None else None
    return Reward(
        name,
        names,
        read_duration(reader, found, "valid_for", 30 * DAY),
        cost=_money(reader, found, name, "cost", currency) if "cost" in found else amount,
        value=_money(reader, found, name, "value", currency) if "value" in found else amount,
        uses=uses or 1,
        worth=worth,
        usable_after=_usable_after(reader, name, found),
        least=_money(reader, found, name, "minimum_spend", currency) or 0,
        imported_codes="codes" in found and reader.one_of(found["codes"], f"rewards: {name}: codes", CODES) == IMPORTED,
    )


def _usable_after(reader: Reader, reward: str, found: Mapping[str, Node]) -> Millis:
    """`24 hours`: less than it holds, or nobody could ever use it."""
    after = read_duration(reader, found, "usable_after", 0)
    if after >= read_duration(reader, found, "valid_for", 30 * DAY) and after:
        hint = "Write a shorter `usable_after`, or a longer `valid_for`."
        reader.problem(found["usable_after"], f"the reward {reward} has ended before it can be used", hint)
    return after


def _takes_off(reader: Reader, found: Mapping[str, Node], reward: str, currency: str) -> Worth | None:
    """`worth: 5 EUR` or `worth: 10%`, with what bounds it."""
    rest = reader.one_of(found["rest"], f"rewards: {reward}: rest", _RESTS) if "rest" in found else None
    at_most = _money(reader, found, reward, "at_most", currency) or 0
    if "worth" not in found:
        for key in ("at_most", "rest"):
            if key in found:
                hint = f"Add `worth: 10 {currency}` or `worth: 10%`, or leave `{key}` out."
                reader.problem(found[key], f"`rewards: {reward}: {key}` is of a reward that takes money off", hint)
        return None
    text = reader.text(found["worth"], f"rewards: {reward}: worth") or ""
    if "%" in text:
        return _share(reader, found, reward, at_most, rest)
    if text.replace(".", "").replace(",", "").isdigit():
        hint = f'Write "{text} {currency}" or "{text}%".'
        reader.problem(found["worth"], f"`rewards: {reward}: worth`: {text} is neither an amount nor a share", hint)
        return None
    if "at_most" in found:
        hint = "An amount never takes off more than it is worth: leave `at_most` out."
        reader.problem(found["at_most"], f"`rewards: {reward}: at_most` is of a share such as 10%", hint)
    amount = _money(reader, found, reward, "worth", currency) if text else None
    if amount == 0:
        reader.problem(found["worth"], f"`rewards: {reward}: worth` takes nothing off", f"Such as 5 {currency}.")
    return Worth(amount=amount or 0, keeps_rest=rest == _KEPT)


def _share(reader: Reader, found: Mapping[str, Node], reward: str, at_most: Minor, rest: str | None) -> Worth:
    share = reader.word(found["worth"], f"rewards: {reward}: worth", parse_margin)
    if share == 0:
        reader.problem(found["worth"], f"`rewards: {reward}: worth` takes nothing off", "Such as 10%.")
    if rest == _KEPT:
        hint = "Leave `rest` out, or write an amount."
        reader.problem(found["rest"], f"`rewards: {reward}`: of a share nothing is left that could be kept", hint)
    return Worth(share=share or 0, at_most=at_most)


def _money(reader: Reader, found: Mapping[str, Node], reward: str, key: str, currency: str) -> Minor | None:
    amount = reader.money(found[key], f"rewards: {reward}: {key}", currency) if key in found else None
    if amount is not None and amount < 0:
        reader.problem(found[key], f"`rewards: {reward}: {key}` is below zero", "A gift costs something, or nothing.")
        return None
    return amount

"""What a person did in the text of a message, out of what Jinja2 says of it."""

import re
from typing import Final

_SAID: Final = (
    (
        r"can only concatenate str|unsupported operand type",
        "it reckons with a text as if it were a number: write `| int` behind the word",
    ),
    (r"expected token ':', got '}'", "a brace too many: a word stands between {{ and }}"),
    (r"unexpected '}'", "a brace too few or too many: a word stands between {{ and }}"),
    (r"unexpected '%'|unexpected '%}'", "`{%` and `%}` belong to `if`: a word stands between {{ and }}"),
    (r"looking for the following tags: .*'endif'", "an `if` does not end: write {% endif %} where it does"),
    (r"unexpected end of template|unexpected 'end of template'", "`{{` or `{%` is opened and not closed"),
    (r"Encountered unknown tag '(?P<what>endif|else|elif)'", "`{what}` stands here without an `if` before it"),
    (r"Encountered unknown tag '(?P<what>\w+)'", "there is no `{what}` in messages: only words, `if` and filters"),
    (r"expected token 'end of print statement', got '(?P<what>.+)'", "{{ … }} holds one word: `{what}` is too many"),
    (r"expected token 'end of statement block', got '='", "a comparison has two equals signs: =="),
    (r"expected token 'end of statement block', got '(?P<what>.+)'", "`{what}` is one word too many after `if`"),
    (r"Expected an expression, got 'end of print statement'", "{{ }} holds no word"),
    (r"argument of type '.*' is not iterable|requires string as left operand", "`in` looks for a text in a text"),
    (r"has no len\(\)", "`length` counts letters: a number, or nothing, has none"),
    (r"bad operand type for unary", "`-` stands before a number: write `| int` behind the word"),
    (r"not supported between instances", "it compares a text with a number: write `| int` behind the word"),
    (r"division by zero|modulo by zero|by zero", "it divides by nothing"),
    (r"positional argument|keyword argument", "a filter is given more in its brackets than it takes, or less"),
    (
        r"has no (?:element|attribute)|out of range|No (?:first|last) item",
        "it asks for a letter, or a part, that is not there",
    ),
    (
        r"\b(?:object|instance|operand|argument|literal|indices|base|callable)\b",
        "a filter or a comparison cannot work on what it is given",
    ),
    (r"Missing end of comment tag", "a comment `{#` is not closed: write #}"),
    (r"unexpected char (?P<what>.+) at", "the character {what} cannot stand within {{ }}: is }} missing before it?"),
)


def in_words(message: str) -> str:
    """What Jinja2 says of a mistake, as people say it."""
    for pattern, said in _SAID:
        if found := re.search(pattern, message):
            return said.replace("{what}", found.groupdict().get("what") or "")
    return message

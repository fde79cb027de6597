"""`staff:` of program.yaml: whom rules may tell something.

`staff: {anna: {phone: "+31612345678", language: nl, hours: "08:00-18:00", per_hour: 6}}`
"""

import re
from collections.abc import Sequence
from typing import Final

from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from rules.yaml.words import parse_hours
from stamgast.domain.program import Staff

WORDS: Final = ("phone", "language", "hours", "per_hour")
MOST_STAFF: Final = 50
MOST_PER_HOUR: Final = 60
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SEALED: Final = re.compile(r"sealed\.[A-Za-z0-9_-]{20,200}")
"""As it stands in files that were published (`stamgast.programs.staff_phones`)."""


def read_staff(
    reader: Reader, named: Sequence[tuple[str, ScalarNode, Node]], languages: tuple[str, ...]
) -> dict[str, Staff]:
    """Read each with a phone, a language, hours and how much they are told in one."""
    staff: dict[str, Staff] = {}
    for name, key, value in named:
        said = value.text if isinstance(value, ScalarNode) and value.text.startswith("+") else "+31612345678"
        with reader.showing(f'{name}: {{phone: "{said}"}}'):
            found = reader.mapping(value, f"staff: {name}", WORDS, ("phone",))
        phone = reader.text(found["phone"], "phone") if "phone" in found else None
        if phone is not None and not _PHONE.fullmatch(phone) and not _SEALED.fullmatch(phone):
            hint = 'Write it with the country and without spaces, such as "+31612345678".'
            reader.problem(found["phone"], f"`staff: {name}`: this is no phone number that an SMS can go to", hint)
        language = reader.text(found["language"], "language") if "language" in found else languages[0]
        if language is not None and language not in languages:
            hint = suggest(language, languages)
            reader.problem(found["language"], f'"{language}" is not a language of this programme', hint)
        hours = reader.word(found["hours"], "hours", parse_hours) if "hours" in found else None
        most = reader.integer(found["per_hour"], "per_hour", 1, MOST_PER_HOUR) if "per_hour" in found else None
        usual = Staff(name, phone or "", language or languages[0])
        staff[name] = Staff(name, usual.phone, usual.language, hours or usual.hours, most or usual.per_hour)
        if len(staff) == MOST_STAFF + 1:
            reader.problem(key, f"`staff` names more than {MOST_STAFF} people")
    return staff

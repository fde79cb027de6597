"""Who bought something, as far as a system says: its own id of the customer, and a phone that can be one."""

from typing import Any, Final

from stamgast.pos.adapter import Context
from stamgast.pos.systems.ids import customer_id

_FEWEST_DIGITS: Final = 7
_LONGEST: Final = 40


def customer_of(context: Context, system: str, own: str | None, phone: str | None = None) -> dict[str, Any]:
    """`{"customer": …}` for a document; nothing where nobody is named.

    What a form's telephone field holds may be anything: without seven digits, or with letters, it is no phone.
    """
    named: dict[str, Any] = {}
    if phone and is_phone(phone):
        named["phone"] = phone
    if own:
        named["provider_customer_id"] = customer_id(context, system, own)
    return {"customer": named} if named else {}


def is_phone(text: str) -> bool:
    """Whether it may be a telephone number; which one it is, identity decides."""
    if len(text) > _LONGEST:
        return False
    rest = text.removeprefix("+")
    if rest.isdecimal():  # as nearly all of them are
        return len(rest) >= _FEWEST_DIGITS
    digits = sum(each.isdigit() for each in text)
    return digits >= _FEWEST_DIGITS and not any(each.isalpha() for each in text)

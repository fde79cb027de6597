"""What a message may speak of, and where each word comes from.

`rules` checks templates against `WORDS` when they are loaded; the sender fills them with `message_variables`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stamgast.domain.alert_words import alert_variables
from stamgast.domain.answers import ANSWER, answer_variables
from stamgast.domain.calendar import date_of
from stamgast.domain.card_expiry import EXPIRES_ON
from stamgast.domain.channels import Wording, spec_of
from stamgast.domain.names import LONGEST_FIRST_NAME, LONGEST_NAME, said_name
from stamgast.domain.program import CardDefinition, Program
from stamgast.domain.recommendations import RECOMMENDED, name_of
from stamgast.domain.referrals import REFERRAL
from stamgast.domain.rewards import SHOP_CODE
from stamgast.domain.templates import Template
from stamgast.domain.units import Day
from stamgast.domain.validity import last_day
from stamgast.domain.vocabulary import Channel
from stamgast.domain.voucher_codes import short_of

CUSTOMER: Final = "customer"
LINKS: Final = "links"
CARD_LINK: Final = f"{LINKS}.card"
STAFF: Final = "staff"
ALERT: Final = "alert"
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    CUSTOMER: ("first_name", "name"),
    "merchant": ("name",),
    "voucher": ("code", "long_code", "name", "valid_until"),
    "card": ("stamps", "size", "missing", "name", EXPIRES_ON),
    LINKS: ("card",),
    STAFF: ("name", "customer"),
    ALERT: ("about", "why"),
    RECOMMENDED: ("name", "sku"),
    REFERRAL: ("code",),
}
"""Names are empty when the customer gave none; `voucher` is there when the rule gives a reward: `code` to be read and
typed, `long_code` for a link or a QR; `card` when a stamp card set the rule off, its `expires_on`
where its stamps run out: the last day. `links.card` is the address of the
customer's own card. `staff` is there in what staff are told: who is, and the customer's id. `alert` is there where that
is about the shop itself: which rule, budget or segment, and why. `recommended` is there where the rule recommends a
product, `referral` where program.yaml has `referral`: the code by which they bring friends."""
FOR_STAFF: Final = frozenset(
    {"customer.first_name", "merchant.name", *(f"card.{each}" for each in WORDS["card"] if each != EXPIRES_ON)}
) | {f"{STAFF}.{each}" for each in WORDS[STAFF]}
"""What staff may be told: no more of a customer than a first name and an id."""
IN_ALERTS: Final = frozenset({"merchant.name", f"{STAFF}.name"} | {f"{ALERT}.{each}" for each in WORDS[ALERT]})
"""What they may be told of the shop itself: it is about no customer."""


EXAMPLE_LINK: Final = "https://stamps.example.com/c/abcdefghijklmnopqrstuvwxyz23456"
"""Stands for the address of a card where nobody gets the message; as long as most are."""


def tells_card(template: Template) -> bool:
    """Whether its words may name the address of the customer's card, which is then to be made."""
    return any(CARD_LINK in text for text in (*template.sms.values(), *template.variables.values()))


def says_when_stamps_end(template: Template, channel: Channel) -> bool:
    """Whether a message of it over that channel names the day on which stamps run out, in every language."""
    word = f"card.{EXPIRES_ON}"
    if spec_of(channel).wording is Wording.TEXT:
        texts = template.wordings(channel).values()
        return bool(texts) and all(word in text for text in texts)
    return any(word in text for text in template.variables.values())


def message_variables(
    program: Program,
    data: Mapping[str, Any],
    language: str,
    *,
    first_name: str = "",
    name: str = "",
    card_link: str = EXAMPLE_LINK,
) -> dict[str, dict[str, str]]:
    """`{"voucher": {"code": …}, …}` for one message in a language.

    `data` is the activation's: `code`, `reward`, `valid_until` (milliseconds UTC), `card`, `stamps` (card -> stamps).
    What it lacks is left out, so that a template which asks for it is refused and not sent with a hole in it. A name
    that an older version took, and that would be refused today, is none; who has no name but a first one has that.
    """
    first = said_name(first_name, LONGEST_FIRST_NAME)
    words = {
        "customer": {"first_name": first, "name": said_name(name, LONGEST_NAME) or first},
        "merchant": {"name": program.name},
    }
    if card_link:
        words[LINKS] = {"card": card_link}
    if "code" in data:
        words["voucher"] = _voucher(program, data, language)
    if REFERRAL in data:
        words[REFERRAL] = {"code": str(data[REFERRAL])}
    if RECOMMENDED in data:
        words[RECOMMENDED] = _recommended(program, data[RECOMMENDED], language)
    if STAFF in data:
        words[STAFF] = {"name": str(data[STAFF])}
        if "customer" in data:
            words[STAFF]["customer"] = str(data["customer"])
    if ANSWER in data:
        words[ANSWER] = answer_variables(program, data, language)
    if ALERT in data:
        words[ALERT] = alert_variables(program, data, language)
    card = program.cards.get(data.get("card", ""))
    if card is not None:
        words["card"] = _card(card, data, language)
    return words


def _card(card: CardDefinition, data: Mapping[str, Any], language: str) -> dict[str, str]:
    stamps, size = int(data.get("stamps", {}).get(card.id, 0)), card.stamps_required
    words = {"stamps": str(stamps), "size": str(size), "missing": str(max(0, size - stamps))}
    words["name"] = card.name(language)
    return words | ({EXPIRES_ON: _written(int(data[EXPIRES_ON]))} if EXPIRES_ON in data else {})


def _recommended(program: Program, told: Sequence[str], language: str) -> dict[str, str]:
    """By the name that the shop has for it in that language; else by the one that it had when it was chosen."""
    sku, name = told
    return {"name": name_of(sku, program.goods, program.recommend, language) or name, "sku": sku}


def _voucher(program: Program, data: Mapping[str, Any], language: str) -> dict[str, str]:
    code = str(data["code"])
    shop_code = program.veil.shop_code(data[SHOP_CODE]) if SHOP_CODE in data else ""
    voucher = {"code": shop_code or short_of(code), "long_code": shop_code or code}
    reward = program.rewards.get(data.get("reward", ""))
    if reward is not None:
        voucher["name"] = reward.names.get(language) or next(iter(reward.names.values()), reward.id)
    if "valid_until" in data:
        voucher["valid_until"] = _written(last_day(program, int(data["valid_until"])))
    return voucher


def _written(number: Day) -> str:
    day = date_of(number)
    return f"{day.day}/{day.month}/{day.year}"

"""A small shop in memory, and one rule of it at a time."""

from typing import Any

from rules.loader import LoadedMerchant, load_bundle
from stamgast.domain.events import Line, Purchase

PROGRAM = """
merchant: shop
name: The Shop
currency: EUR
region: NL
time_zone: Europe/Amsterdam
languages: [nl]
stores: {dok-noord: {}, korenmarkt: {time_zone: America/New_York, day_start: 4}}
cards: {bread: {stamps: 7, categories: [bread]}, rewarded: {stamps: 3, categories: [cheese], reward: free_loaf}}
rewards: {free_loaf: {names: {nl: Een brood}}, coffee: {names: {nl: Koffie}}}
templates:
  free_loaf: {whatsapp: {nl: HX00000000000000000000000000000001}, variables: {"1": voucher.code}}
  hello: {}
watch: [RYE-800]
tiers: {by: spend, in: 12 months, levels: {silver: 250 EUR, gold: 500 EUR}, grace: 30 days}
segments: {regulars: {visits: {at_least: 3}}, tagged: [{segment: regulars}, {tag: seen}]}
events: {workshop: {fields: {topic: [bread, cake], score: number, paid: amount, held_on: date, first_time: yes_or_no}}}
campaigns: {spring: {budget: 500 EUR}}
topics: {news: {templates: [hello], words: {nl: [nieuws, nieuwsbrief]}}}
join: {bread: {wording: poster-1, topics: [news], welcome: hello}, plain: {wording: poster-1, confirm: true}}
messaging: {sms_sender: "+31201234568", whatsapp_sender: "+31201234567"}
"""
WITH_STAFF = PROGRAM.replace("  hello: {}\n", "  hello: {}\n  call_back: {purpose: utility}\n") + (
    'staff: {anna: {phone: "+31612345670", hours: "08:00-18:00"}, bram: {phone: "+31612345671", per_hour: 2}}\n'
)
DRAWS = (
    "draws:\n"
    "  december: {opens: 2026-01-01, closes: 2026-12-24, drawn: 2026-12-27 12:00, prizes: {coffee: 1, free_loaf: 2},"
    " reserves: 2, per_day: 2}\n"
    "  wheel: {opens: 2026-01-01, closes: 2026-12-24, prizes: {free_loaf: {odds: 1 in 20, stock: 5, per_day: 2}}}\n"
)
WITH_QUESTION = PROGRAM + DRAWS + "questions: {visit: {template: hello, answer: score}}\n"
WITH_GOODS = PROGRAM.replace("  hello: {}\n", "  hello: {}\n  next_product: {}\n") + (
    "recommend: {pairs: {RYE-800: [BUTTER-250, JAM-200]}, out_of_stock: [TART-6],\n"
    "  names: {BUTTER-250: {nl: boter}, JAM-200: {nl: jam}}}\n"
)
WITH_FRIENDS = PROGRAM + "referral: {reward: free_loaf, friend_reward: coffee}\n"
NEXT_PRODUCT = {"templates/nl/next_product.j2": "Bij je brood: {{ recommended.name }}! Stop? Antwoord STOP"}
CALL_BACK = {
    "templates/nl/call_back.j2": "{{ staff.name }}: bel {{ customer.first_name or 'de klant' }} ({{ staff.customer }})"
}
WITH_EXPIRY = PROGRAM.replace("cards: {", "cards: {slow: {stamps: 12, expires: {after: 12 months, warned: 30 days}}, ")
HELLO = "Hallo! Stop? Antwoord STOP"

RULE = """
rule: example
status: live
when: purchase
then:
  - tag: seen
"""


def files_of(rule: str = RULE, program: str = PROGRAM, **more: str) -> dict[str, str]:
    return {"program.yaml": program, "rules/example.yaml": rule, "templates/nl/hello.j2": HELLO, **more}


def load(rule: str = RULE, program: str = PROGRAM, more: dict[str, str] | None = None) -> LoadedMerchant:
    return load_bundle({**files_of(rule, program), **(more or {})})


def bought(store: str = "dok-noord", at: int = 0, **line: Any) -> Purchase:
    return Purchase(at, store, "EUR", 350, lines=(Line("1", 350, **line),))

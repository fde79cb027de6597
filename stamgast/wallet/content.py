"""What a card in a wallet shows: the same for Apple and for Google, and a version that changes as soon as it does."""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from stamgast.domain.customer import Customer
from stamgast.domain.look import NO_LOOK, Look
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.people.shown_card import Stamps, Voucher, stamps_on, vouchers_of
from stamgast.wallet.images import pictured_as
from stamgast.wallet.words import Word, count, day, say, spoken

_LAID_OUT_AS: Final = 2
"""Goes up when the passes themselves change, so that devices fetch them anew."""
_USUAL: Final = "#a4471c"
"""Of merchants that have said no colour; as on their pages."""


@dataclass(frozen=True, slots=True)
class PassContent:
    """See the module. Of one that is void nothing is shown but the shop."""

    shop: str
    colour: str
    language: str
    scanned: str
    """What a till scans; empty: nothing, for it is void."""
    cards: tuple[Stamps, ...] = ()
    """The one that is fullest first."""
    vouchers: tuple[Voucher, ...] = ()
    """Which ends first standing first."""
    look: Look = NO_LOOK
    """With the shop's own drawings."""

    @property
    def void(self) -> bool:
        """Whether the card is no longer good."""
        return not self.scanned

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits."""
        shown = msgspec.to_builtins(self)
        del shown["look"]
        drawings = pictured_as(self.colour, self.look)
        content = [_LAID_OUT_AS, shown, drawings] if drawings else [_LAID_OUT_AS, shown]
        return hashlib.blake2b(msgspec.json.encode(content), digest_size=6).hexdigest()

    @property
    def description(self) -> str:
        """What it is, for who cannot see it."""
        return say(Word.CARD, self.language, shop=self.shop)

    def missing(self, card: Stamps) -> str:
        """What is missing to the next reward, in words."""
        if card.owed:
            return count(Word.OWED, card.owed, self.language)
        if card.reward:
            return count(Word.MISSING, card.missing, self.language, reward=card.reward)
        return count(Word.MISSING_NAMELESS, card.missing, self.language)

    def told(self, card: Stamps) -> str:
        """What is missing, and when its stamps run out, once that was said."""
        ends = say(Word.RUNS_OUT, self.language, day=day(card.until, self.language)) if card.until else ""
        return "\n".join(filter(None, (self.missing(card), ends)))

    def last_day(self, card: Stamps) -> str:
        """The last day of its stamps, in words; empty: they stay."""
        return day(card.until, self.language) if card.until else ""

    def until(self, voucher: Voucher) -> str:
        """Its last day, in words."""
        return say(Word.UNTIL, self.language, day=day(voucher.until, self.language))

    def promise(self, voucher: Voucher) -> str:
        """What it gives: its reward, and what it takes off."""
        return " · ".join(filter(None, (voucher.reward, voucher.worth)))


def content_of(customer: str, state: Customer, program: Program, language: str, at: Millis) -> PassContent:
    """What a customer's card shows at a moment. STOP ends messages, and no card."""
    spoken_to = spoken(language or program.languages[0])
    cards = [stamps_on(state, card, program, spoken_to) for card in program.cards.values()]
    cards.sort(key=lambda each: (-each.stamps / each.of, each.card))
    return PassContent(
        shop=program.name,
        colour=program.look.colour or _USUAL,
        language=spoken_to,
        scanned=customer.upper(),
        cards=tuple(cards),
        vouchers=tuple(vouchers_of(state, program, spoken_to, at)),
        look=program.look,
    )


def void_content(program: Program, language: str) -> PassContent:
    """What a card shows that was revoked, or whose person was forgotten."""
    spoken_to = spoken(language or program.languages[0])
    return PassContent(program.name, program.look.colour or _USUAL, spoken_to, "", look=program.look)

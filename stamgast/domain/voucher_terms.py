"""What a voucher promises beyond one use of one thing: several uses, or money off a receipt.

It stands in the voucher as its reward said when it was given, so that an edit of the reward changes nothing that
somebody holds. Money is minor units of the merchant's currency. An amount takes off what it is worth, at most the whole
receipt; where the shop says so what is left of it can be used again. A share of the receipt is rounded to the nearest
minor unit, half of one up.
"""

from typing import Final

from msgspec import Struct

from stamgast.domain.units import Millis, Minor

MOST_USES: Final = 100
"""Of one voucher: each of them is remembered as long as the voucher is."""
WHOLE: Final = 1_000
"""A share is told in parts of this: tenths of a percent."""


class Worth(Struct, frozen=True, omit_defaults=True):
    """What a voucher takes off a receipt: an `amount`, or a `share`."""

    amount: Minor = 0
    share: int = 0
    at_most: Minor = 0
    """Of a share; 0: any amount."""
    keeps_rest: bool = False
    """What is left of the amount can be used again."""


class Use(Struct, array_like=True, gc=False):
    """One use of a voucher."""

    request: str
    """Id of the till's request, so that its repeat gets the same answer."""
    number: int
    """1 is the first. One that was taken back leaves its number to the next."""
    receipt: str = ""
    """The transaction it was used on, where the till says it."""
    discount: Minor = 0
    total: Minor = 0
    """Of the receipt."""


NO_USE: Final = Use("", 0)


class Terms(Struct, omit_defaults=True, gc=False):
    """What a voucher promises, and how far that was used."""

    uses: int = 1
    worth: Worth | None = None
    least: Minor = 0
    """It is for receipts of so much and more."""
    used: list[Use] = []
    formerly: list[str] = []
    """Codes that it had before a person gave it another one."""
    usable_from: Millis = 0
    """Before that it is there and cannot be used; 0: from when it was given."""
    shop_code: str = ""
    """A code of the shop's own (`stamgast.domain.shop_codes`), by which other systems know it."""
    awaits_code: bool = False
    """It is to have one, and has none yet: so long it does not end."""

    @property
    def rest(self) -> Minor:
        """What is left of an amount that can be used bit by bit."""
        if self.worth is None:
            return 0
        taken = sum(use.discount for use in self.used) if self.worth.keeps_rest else 0
        return max(0, self.worth.amount - taken)

    @property
    def uses_left(self) -> int:
        """How often it can still be used at most."""
        if self.worth is not None and self.worth.keeps_rest:
            return MOST_USES - len(self.used) if self.rest else 0
        return max(0, self.uses - len(self.used))

    @property
    def needs_total(self) -> bool:
        """Whether a till has to say what the receipt comes to."""
        return self.worth is not None or self.least > 0

    def discount_of(self, total: Minor) -> Minor:
        """What it takes off a receipt now."""
        if self.worth is None:
            return 0
        if not self.worth.share:
            return min(self.rest, total)
        discount = (total * self.worth.share + WHOLE // 2) // WHOLE
        return min(discount, self.worth.at_most or discount, total)

    def use(self, request: str, receipt: str, total: Minor) -> Use:
        """Use it once more."""
        taken = {use.number for use in self.used}
        number = next(number for number in range(1, len(taken) + 2) if number not in taken)
        made = Use(request, number, receipt, self.discount_of(total), total)
        self.used = [*self.used, made]
        return made

    def use_by(self, request: str) -> Use | None:
        """The use that a request made."""
        return next((use for use in self.used if use.request == request), None)

    def take_back(self, use: Use) -> None:
        """It was not used after all."""
        self.used = [each for each in self.used if each is not use]

"""Events about codes of a shop's own: brought in, asked for, dealt to partitions, given to vouchers."""

from typing import Annotated, ClassVar

from msgspec import Meta

from stamgast.domain.event import Count, Event

Reward = Annotated[str, Meta(max_length=64)]
Hidden = Annotated[str, Meta(max_length=160)]
"""`stamgast.domain.shop_codes.hidden`."""


class CodesBrought(Event, frozen=True, kw_only=True, tag="codes_brought", gc=False):
    """A person brings codes into the pool of a reward, which must have `first` of them by then."""

    reward: Reward
    first: Count
    codes: tuple[Hidden, ...]
    about: ClassVar[str] = "merchant"


class CodesWished(Event, frozen=True, kw_only=True, tag="codes_wished", gc=False):
    """A partition of customers (`by`, of `of`) asks for codes, of which it needs so many at least."""

    reward: Reward
    by: Count
    of: Count
    number: Count
    need: Count
    about: ClassVar[str] = "merchant"


class CodesDealt(Event, frozen=True, kw_only=True, tag="codes_dealt", gc=False):
    """What the pool answers: these are the partition's, to be given. None: there are none."""

    reward: Reward
    number: Count
    codes: tuple[Hidden, ...] = ()
    left: Count = 0
    about: ClassVar[str] = "merchant"


class CodeGiven(Event, frozen=True, kw_only=True, tag="code_given", gc=False):
    """A voucher gets its code; empty: there is none. It is passed over if the code is not the next one to be given."""

    voucher: Annotated[str, Meta(max_length=64)]
    reward: Reward
    code: Hidden = ""

"""What somebody is named by -> identifiers, in the order in which they count: the same at every door."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from stamgast.domain.region import Region
from stamgast.identity.ids import Identifier, Kind
from stamgast.identity.phones import BadPhoneError, NobodysPhoneError, normalise_phone
from stamgast.identity.sealed import Identifiers

FIELDS: Final[Mapping[Kind, str]] = {
    "phone": "phone",
    "membership": "membership_number",
    "provider": "provider_customer_id",
}
"""What holds an identifier of each kind."""


class Reference(Protocol):
    """Names somebody: a purchase's customer, an enrolment, what was sealed. What is empty names nobody."""

    @property
    def phone(self) -> str | None:
        """As somebody wrote it."""
        ...

    @property
    def membership_number(self) -> str | None:
        """The merchant's own number for them."""
        ...

    @property
    def provider_customer_id(self) -> str | None:
        """The till's system's id for them."""
        ...


class SealedReference(Reference, Protocol):
    """The same, perhaps sealed to the merchant's public key."""

    @property
    def sealed(self) -> str | None:
        """`stamgast.identity.sealed`."""
        ...


class Usable(NamedTuple):
    """By what somebody can be named."""

    identifiers: list[Identifier]
    bad_phone: str = ""
    """Why the phone that stands beside them is none; empty where there is nothing to say."""
    nobodys: bool = False
    """It is no customer's: the shop's own, or a made-up one."""


def identifiers_of(named: Reference, region: Region) -> list[Identifier]:
    """Everything by which somebody is named. A phone without a country code is read as in `region`.

    Raises `BadPhoneError`.
    """
    phone = [Identifier("phone", normalise_phone(named.phone, region))] if named.phone else []
    return phone + _besides(named)


def usable_identifiers_of(named: Reference, region: Region) -> Usable:
    """The same, but a phone that is none holds nobody up who is named by something else as well.

    Raises `BadPhoneError` where it is all there is.
    """
    try:
        return Usable(identifiers_of(named, region))
    except BadPhoneError as error:
        if not (others := _besides(named)):
            raise
        return Usable(others, str(error), isinstance(error, NobodysPhoneError))


def identifiers_of_sale(named: Reference, region: Region) -> Usable:
    """The same for what was sold, which counts for nobody where all there is is a phone that is no customer's.

    Raises `BadPhoneError` where all there is is none at all.
    """
    try:
        return usable_identifiers_of(named, region)
    except NobodysPhoneError as error:
        return Usable([], str(error), nobodys=True)


def _besides(named: Reference) -> list[Identifier]:
    found = []
    if named.membership_number:
        found.append(Identifier("membership", named.membership_number))
    if named.provider_customer_id:
        found.append(Identifier("provider", named.provider_customer_id))
    return found


def opened(named: SealedReference, unseal: Callable[[str], Identifiers]) -> Reference:
    """The same in the clear: what was sealed counts before what stands beside it, as each kind's only value.

    Raises `SealError`.
    """
    if named.sealed is None:
        return named
    inside = unseal(named.sealed)
    return Identifiers(
        phone=inside.phone or named.phone or "",
        membership_number=inside.membership_number or named.membership_number or "",
        provider_customer_id=inside.provider_customer_id or named.provider_customer_id or "",
    )


def perhaps_named_by(text: str, region: Region) -> list[Identifier]:
    """Everything that a text may be, where nobody says of what kind it is."""
    return usable_identifiers_of(Identifiers(text, text, text), region).identifiers

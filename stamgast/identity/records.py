"""How identities stand on their compacted topics. A record with no value (a tombstone) forgets its key."""

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis
from stamgast.identity.ids import Kind


class Alias(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="alias"):
    """`identities.v1`, key `<merchant>:a:<identifier hash>`: whom an identifier belongs to.

    An erased identifier keeps its record with an empty `customer`, because the count goes into the next id.
    """

    kind: Kind
    customer: str
    at: Millis
    erasures: int = 0

    def freed(self, at: Millis) -> "Alias":
        """The same naming nobody; who comes with it next is somebody new."""
        return Alias(self.kind, "", at, self.erasures + 1)


class SealedProfile(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="profile"):
    """`identities.v1`, key `<merchant>:p:<customer>`: a `Profile`, sealed under the data key `data_key`."""

    data_key: str
    sealed: str
    at: Millis


class WrappedKey(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="data_key"):
    """`identity-keys.v1`, key `<merchant>:k:<customer>`: the customer's data key under a wrapping key."""

    id: str
    wrapped_by: str
    wrapped: str
    at: Millis


class Suppression(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="suppression"):
    """`suppressions.v1`, key `<merchant>:s:<phone hash>`: STOP (`stopped`) or the START that lifted it."""

    stopped: bool
    at: Millis


class Heard(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="heard"):
    """`suppressions.v1`, key `<merchant>:h:<hash>`: a message that said STOP or START, which is heeded once."""

    at: Millis


class Wish(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="wish"):
    """`suppressions.v1`, key `<merchant>:j:<phone hash>`: a JOIN that was not confirmed yet, by which message."""

    code: str
    message: str
    at: Millis
    language: str = ""
    friend: str = ""
    """The code of whoever invited them."""


class CardEdition(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="card"):
    """`identities.v1`, key `<merchant>:c:<customer>`: which links to a card still open it; without a record the first.

    `into` is the customer whom this one has become: their card is shown.
    """

    edition: int
    at: Millis
    into: str = ""


class SealedPasses(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="passes"):
    """`identities.v1`, key `<merchant>:w:<customer>`: their `Passes`, sealed under the data key `data_key`."""

    data_key: str
    sealed: str
    at: Millis


class PassOnDevice(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="pass"):
    """`identities.v1`, key `<merchant>:d:<device hash>.<serial>`: a device asks for news of that pass."""

    at: Millis


class Device(Struct, frozen=True, array_like=True):
    """A phone or watch that has a pass in Apple Wallet, by what it calls itself; `push_token` is where it is woken."""

    library: str
    push_token: str
    serial: str
    at: Millis

    def __repr__(self) -> str:
        return "Device(...)"


class Saved(Struct, frozen=True, array_like=True):
    """A pass that was put, or begun to be put, into Google Wallet."""

    serial: str
    at: Millis


class Passes(Struct, frozen=True, omit_defaults=True):
    """Where somebody's card is in a wallet. Only ever stored sealed; never log it."""

    apple: tuple[Device, ...] = ()
    google: tuple[Saved, ...] = ()

    def __repr__(self) -> str:
        return "Passes(...)"


class Profile(Struct, frozen=True, omit_defaults=True):
    """What we know of a person. Only ever stored sealed; never log it."""

    phone: str = ""
    """E.164."""
    first_name: str = ""
    name: str = ""
    email: str = ""
    language: str = ""
    birthday: str = ""
    source: str = ""
    """Through what they came: the name that events only have something standing for."""

    def __repr__(self) -> str:
        return "Profile(...)"


Entry = Alias | SealedProfile | WrappedKey | Suppression | Heard | Wish | CardEdition | SealedPasses | PassOnDevice

encode = Encoder().encode
decode_entry = Decoder(Entry).decode
"""bytes -> entry. Raises `msgspec.DecodeError`."""
decode_profile = Decoder(Profile).decode
decode_passes = Decoder(Passes).decode


def entry_key(merchant: str, letter: str, name: str) -> bytes:
    """Kafka key of an entry.

    `letter` is a(lias), p(rofile), k(ey), s(uppression), h(eard), j(oin), c(ard), w(allet) or d(evice).
    """
    return f"{merchant}:{letter}:{name}".encode()


def split_key(key: bytes) -> tuple[str, str, str]:
    """(merchant, letter, name). Raises ValueError for a key of another kind."""
    merchant, letter, name = key.decode("ascii").split(":")
    return merchant, letter, name

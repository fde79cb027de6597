"""Two customers turn out to be one person: what named the one names the other, and both profiles become one."""

from typing import Final

import msgspec

from stamgast.domain.units import Millis
from stamgast.identity.records import Alias, Profile, encode, entry_key
from stamgast.state.identity_log import IdentityLog
from stamgast.state.profiles import Profiles

_ONE_AT_A_TIME: Final = "joining"
"""Of a merchant's: of two that go each into the other the second finds that nobody is there any more."""


class NobodyThereError(ValueError):
    """Nothing names the customer whom another was to become."""


async def join(log: IdentityLog, profiles: Profiles, merchant: str, both: tuple[str, str], at: Millis) -> int:
    """Let the identifiers of the first of `both` name the second; what their profile left open is filled in.

    Returns how many names moved. It may be cut short anywhere and asked for again.

    Raises:
        NobodyThereError: the second was forgotten, or was joined with another meanwhile.
        NotLoadedError: not now.
    """
    former, into = both
    async with log.locked(merchant, [_ONE_AT_A_TIME]):
        if not await _named(log, merchant, into):
            raise NobodyThereError
        hashes = list(await _named(log, merchant, former))
        async with log.locked(merchant, hashes):
            mine, theirs = await profiles.get(merchant, former), await profiles.get(merchant, into)
            if mine is not None:
                known = msgspec.structs.asdict(theirs or Profile())
                missing = {
                    name: text for name, text in msgspec.structs.asdict(mine).items() if text and not known[name]
                }
                await profiles.merge(merchant, into, Profile(**missing), at)
            records: dict[bytes, bytes | None] = {
                entry_key(merchant, "a", name): encode(msgspec.structs.replace(alias, customer=into, at=at))
                for name, alias in (await _named(log, merchant, former)).items()
            }
            await log.write(log.topics.identities, records)  # after the profile: whoever finds the alias finds it
    return len(records)


async def _named(log: IdentityLog, merchant: str, customer: str) -> dict[str, Alias]:
    names = await log.aliases_of(merchant, customer)
    aliases = zip(names, await log.read("a", merchant, names, Alias), strict=True)
    return {name: alias for name, alias in aliases if alias is not None and alias.customer == customer}

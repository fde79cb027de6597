"""When a customer was last heard of: by then their phone was theirs."""

from stamgast.domain.customer import decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.units import DAY, Millis
from stamgast.filling import Filling
from stamgast.identity.joining import LastHeard
from stamgast.log.partitioning import partition_for
from stamgast.state.keys import customers


def last_heard_over(filling: Filling, partitions: int) -> LastHeard:
    """What answers from the customers' states. It raises NotFilledError and StateError."""

    async def last_heard(merchant: str, customer: str) -> Millis | None:
        keys = customers(partition_for(key_of(merchant, customer), partitions))
        value = await filling.value(keys, keys.customer(merchant, customer))
        if value is None:
            return None
        state = decode_customer(value)
        return max(state.last_day * DAY, state.joined_at, state.inbound_at)

    return last_heard

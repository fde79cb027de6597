"""Takes in a delivery that was laid aside, as if it came now."""

from __future__ import annotations

from stamgast.domain.units import Millis
from stamgast.pos.adapter import Context
from stamgast.tills.intake import Came, Door, reread_all, take
from stamgast.tills.letters import Delivery, found_in
from stamgast.tills.tills import Tills


async def take_again(
    tills: Tills, door: Door, context: Context, delivery: Delivery, now: Millis, *, mended: bytes | None = None
) -> Came:
    """See the module; `mended` takes the place of its body.

    Raises:
        RefusedError, ApiError: it cannot be read.
        UnknownSystemError, BadAdapterError: nor can its system.
    """
    connection = context.connection
    adapter = tills.adapter(connection)
    found = found_in(delivery, adapter, mended, believed=tills.is_believed(adapter, connection))
    whole, gone = await reread_all(adapter, found, tills.apis.of(adapter, connection))
    came = await take(door, adapter, whole, context, now, refused=gone)
    tills.feeds.note(context.program, came.taken, now, connection)
    return came

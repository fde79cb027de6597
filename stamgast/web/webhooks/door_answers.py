"""What the door answers by itself: TwiML, for whom no outbox can answer.

One message has one answer at most, and one phone five within an hour: two machines that answer each other come to an
end. The count stands in Redis alone; without Redis nothing is answered.
"""

from typing import Final
from xml.sax.saxutils import escape

from starlette.responses import Response

from stamgast.domain.conversation import ANSWERS_WITHIN, MOST_ANSWERS
from stamgast.domain.units import Millis
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError

MOST_STRANGERS: Final = 300
"""Answers within an hour to phones that are nobody's, of one merchant."""
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_KEPT_S: Final = 2 * ANSWERS_WITHIN // 1_000


def twiml(text: str = "") -> Response:
    """Answer the carrier, and with a text the person as well."""
    said = f"<Response><Message>{escape(_printable(text))}</Message></Response>" if text else "<Response/>"
    return Response(f"{_HEAD}{said}", media_type="text/xml")


async def may_answer_phone(redis: RedisClient, merchant: str, phone_hash: str, message: str, at: Millis) -> bool:
    """Note an answer to a phone's message; False: it was answered, or its phone has had as many as it may."""
    return await _take(redis, f"web:answers:{merchant}:{phone_hash}", message, at, MOST_ANSWERS)


async def may_answer_strangers(redis: RedisClient, merchant: str, message: str, at: Millis) -> bool:
    """The same of all phones together that are nobody's: each costs money, and a machine has thousands."""
    return await _take(redis, f"web:answers:{merchant}", message, at, MOST_STRANGERS)


async def _take(redis: RedisClient, key: str, message: str, at: Millis, most: int) -> bool:
    try:
        await redis.call("ZREMRANGEBYSCORE", key, "-inf", at - ANSWERS_WITHIN)
        is_new = await redis.call("ZADD", key, "NX", at, message)
        place = await redis.call("ZRANK", key, message)
        await redis.call("ZREMRANGEBYRANK", key, most, -1)
        await redis.call("EXPIRE", key, _KEPT_S)
    except StateError:
        return False
    return bool(is_new) and place is not None and int(place) < most


def _printable(text: str) -> str:
    """Without what XML cannot hold: a shop's name may come from anywhere."""
    return "".join(each for each in text if each.isprintable() or each == "\n")

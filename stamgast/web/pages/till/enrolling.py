"""`/till/enrol`: somebody joins at the counter: their phone, their language, and what was read to them.

There is no box that is ticked already: the cashier reads the sentences aloud in the customer's language and presses
what they answered. The proof holds the version of that wording, which till it was, and when, if that was offline.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.units import DAY, MINUTE, Millis
from stamgast.domain.vocabulary import Channel, Purpose
from stamgast.people.enrolment_request import EnrolmentRequest
from stamgast.pos.problems import RefusedError, problems_of
from stamgast.web.access.doors import Way, open_to
from stamgast.web.api.customers import enrol
from stamgast.web.pages.till.showing import Deed, Done, Shown, show, wordings
from stamgast.web.pages.till.standing import Stand, stand_to_change, tried
from stamgast.web.problem import Problem

_CHANNELS: Final = (Channel.WHATSAPP, Channel.SMS)
_PURPOSES: Final = (Purpose.MARKETING, Purpose.UTILITY)
_HANDED_ON: Final = {"yes": True, "no": False}
_OLDEST: Final = 7 * DAY
_AHEAD: Final = 5 * MINUTE


@open_to(Way.PAIRED)
async def post_enrol(request: Request) -> Response:
    """Enrol; the same phone twice is the same customer."""
    at = await stand_to_change(request)
    done, problem = await tried(_enrol(at))
    if done is None:
        phone = at.said("phone")[:40]
        return await show(request, at, Shown(problem=problem, phone=phone, enrolling=True))
    customer, deed = done
    return await show(request, at, Shown(customer, done=Done(deed)))


async def _enrol(at: Stand) -> tuple[str, Deed]:
    happened = _happened(at)
    document: dict[str, Any] = {
        "phone": at.said("phone"),
        "language": at.said("language") or None,
        "consents": _consents(at) if at.said("agree") == "yes" else [],
        "phone_changed_hands": _HANDED_ON.get(at.said("handed_on")),
    }
    if name := at.said("first_name"):
        document["first_name"] = name
    try:
        enrolment = EnrolmentRequest.model_validate(document)
    except ValidationError as error:
        raise RefusedError(problems_of(error, EnrolmentRequest)) from None
    try:
        told = await enrol(at.deps, at.entrance, enrolment, happened)
    except RefusedError as error:
        if any(each["pointer"] == "/phone" for each in error.problems):
            raise Problem(422, "phone", "This is no phone that can be read.") from None
        raise
    customer = told.content["customer"]
    about = About(at.merchant, customer=customer, till=at.device.id, store=at.device.store)
    await note(at.deps.audit, at.device.who, Did.CUSTOMER_ENROLLED, about)
    return customer, Deed.ENROLLED if told.content["new"] else Deed.KNOWN


def _consents(at: Stand) -> list[dict[str, Any]]:
    """What they agreed to, with the wording that was read in their language."""
    read = next((each for each in wordings(at.program) if each.language == at.said("language")), None)
    if read is None:
        raise Problem(422, "language", "Choose the language in which it was read.")
    version = f"till:{hashlib.sha256(' '.join(read.sentences).encode()).hexdigest()[:16]}"
    when = f" {at.said('happened_at')[:30]}" if at.said("happened_at") else ""
    proof = {"wording_version": version, "source": f"till {at.device.id}{when}"[:100]}
    return [
        {"purpose": purpose.value, "channel": channel.value} | proof for channel in _CHANNELS for purpose in _PURPOSES
    ]


def _happened(at: Stand) -> Millis:
    """When it was, of one that waited while the till was offline; 0: now. Raises `Problem` 422."""
    said, now = at.said("happened_at"), at.deps.clock.now()
    if not said:
        return 0
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Problem(422, "happened-at", "happened_at is a moment as in RFC 3339, with its zone.")
    happened = round(moment.timestamp() * 1000)
    if not now - _OLDEST <= happened <= now + _AHEAD:
        raise Problem(422, "happened-at", "happened_at lies ahead, or is more than seven days ago.")
    return min(happened, now)

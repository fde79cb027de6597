"""Stamps that are given by hand, in the OpenAPI document."""

from typing import Any, Final

from stamgast.domain.till_events import MOST_BY_HAND, TILL_NAME, HandReason
from stamgast.web.openapi.operations import Repeats, operation

Json = dict[str, Any]

AT_TILL: Final[Json] = {
    name: {"type": "string", "pattern": TILL_NAME, "description": "An id, no name of a person."}
    for name in ("till", "operator_id")
}
"""At which till, and who stood there."""


def stamp_paths(merchant: str) -> Json:
    """The paths under a merchant's."""
    stamps: Json = {
        "type": "object",
        "additionalProperties": False,
        "required": ["card", "reason"],
        "properties": {
            "card": {"type": "string"},
            "stamps": {"type": "integer", "minimum": 1, "maximum": MOST_BY_HAND, "default": 1},
            "reason": {"type": "string", "enum": [each.value for each in HandReason]},
            "happened_at": {"type": "string", "format": "date-time", "description": "Of a till that was offline."},
            "store": {"type": "string"},
            **AT_TILL,
        },
    }
    request, one = ["merchant", "customer"], ["merchant", "customer", "handing"]
    return {
        f"{merchant}/customers/{{customer}}/stamps": {
            "post": operation(
                "giveStamps",
                "Give stamps by hand, for a reason (scope till); 202 when the answer takes longer than two seconds",
                "200",
                stamps,
                path=request,
                repeats=Repeats.KEY_NEEDED,
                more=["202", "409"],
                answer="StampsByHand",
            ),
            "delete": operation(
                "takeStampsRequestBack",
                "Take a request for stamps back by its key, whether it was applied or is still to come (scope till)",
                "200",
                path=request,
                repeats=Repeats.KEY_NEEDED,
                more=["202"],
                answer="StampsByHand",
            ),
        },
        f"{merchant}/customers/{{customer}}/stamps/{{handing}}": {
            "get": operation(
                "getStampsByHand",
                "The answer to an earlier request for stamps",
                "200",
                path=one,
                more=["202", "409"],
                answer="StampsByHand",
            ),
            "delete": operation(
                "takeStampsBack",
                "Take stamps back that were given by hand (scope till)",
                "200",
                path=one,
                more=["202"],
                repeats=Repeats.KEY_TAKEN,
                answer="StampsByHand",
            ),
        },
    }

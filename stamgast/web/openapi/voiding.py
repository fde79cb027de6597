"""A voucher that a person ends, or gives another code, in the OpenAPI document."""

from typing import Any

from stamgast.domain.till_events import VoidReason
from stamgast.web.openapi.operations import Repeats, operation

Json = dict[str, Any]


def void_paths(merchant: str) -> Json:
    """The path under a merchant's."""
    body: Json = {
        "type": "object",
        "additionalProperties": False,
        "required": ["reason"],
        "properties": {
            "reason": {"type": "string", "enum": [each.value for each in VoidReason]},
            "reissue": {"type": "boolean", "default": False, "description": "It goes on under another code."},
            "words": {"type": "string", "maxLength": 200, "description": "For the audit book, where they are sealed."},
        },
    }
    return {
        f"{merchant}/vouchers/{{code}}/void": {
            "post": operation(
                "voidVoucher",
                "End a voucher, or give it another code, with a reason (scope admin); the audit book says who did",
                "200",
                body,
                path=["merchant", "code"],
                repeats=Repeats.KEY_NEEDED,
                more=["202", "409"],
                answer="Voided",
            )
        }
    }

"""Claims of receipts in the OpenAPI document."""

from typing import Any, Final

from stamgast.domain.claims import ClaimOutcome
from stamgast.web.openapi.operations import Repeats, operation

Json = dict[str, Any]

_REFERENCE: Final[Json] = {"$ref": "#/components/schemas/CustomerReference"}
_TEXT: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 200}
_RECEIPT: Final[Json] = {
    "transaction_id": _TEXT,
    "store": _TEXT | {"description": "Needed where `transaction_scope` is store or store_day."},
    "business_day_date": {"type": "string", "format": "date", "description": "Needed where it is store_day."},
}


def claim_schemas() -> Json:
    """What is sent and answered, by name."""
    claim: Json = {
        "type": "object",
        "additionalProperties": False,
        "required": ["customer"],
        "oneOf": [{"required": ["token"]}, {"required": ["transaction_id"]}],
        "properties": {"token": {"type": "string", "minLength": 1, "maxLength": 1_200}}
        | _RECEIPT
        | {"operator_id": _TEXT, "customer": _REFERENCE},
    }
    receipt: Json = {
        "type": "object",
        "additionalProperties": False,
        "required": ["transaction_id"],
        "properties": _RECEIPT
        | {
            "qr": {"type": "string", "enum": ["png", "svg"], "description": "Wanted as a picture as well."},
            "link": {
                "type": "string",
                "maxLength": 500,
                "pattern": "^https://[!-~]+$",
                "description": "A page of the shop's own, to whose address the token is appended, in the picture too.",
            },
        },
    }
    statuses = [ClaimOutcome.CLAIMED.value, ClaimOutcome.IN_REVIEW.value, "pending"]
    text: Json = {"type": "string"}
    told = {"status": text | {"enum": statuses}, "claim": text, "customer": text, "transaction_id": text}
    answer: Json = {"type": "object", "required": ["status", "claim"], "properties": told | {"location": text}}
    picture = text | {"description": "A data URI of the token, or of the link, as a QR code."}
    shown = {"token": text, "link": text | {"description": "The link with the token."}, "qr": picture}
    token: Json = {"type": "object", "required": ["token"], "properties": shown}
    return {"Claim": claim, "ClaimAnswer": answer, "Receipt": receipt, "ReceiptToken": token}


def claim_paths(merchant: str) -> Json:
    """The paths under a merchant's."""
    claim = operation(
        "claimReceipt",
        "Claim a receipt that is nobody's (scope intake; with till also by its transaction id): 200 claimed; 202 "
        "in_review, or pending without the owner's answer yet",
        "200",
        {"$ref": "#/components/schemas/Claim"},
        path=["merchant"],
        more=["202", "409"],
        repeats=Repeats.KEY_NEEDED,
        answer="ClaimAnswer",
    )
    claim["requestBody"]["required"] = True
    return {
        f"{merchant}/claims": {"post": claim},
        f"{merchant}/claims/tokens": {
            "post": operation(
                "makeReceiptToken",
                "The token that a till prints on a receipt, as a QR or in a link; writes nothing (scope till)",
                "201",
                {"$ref": "#/components/schemas/Receipt"},
                path=["merchant"],
                answer="ReceiptToken",
            )
        },
        f"{merchant}/claims/{{claim}}": {
            "get": operation(
                "getClaim",
                "The answer to an earlier claim (scope intake)",
                "200",
                path=["merchant", "claim"],
                more=["202", "409"],
                answer="ClaimAnswer",
            )
        },
    }

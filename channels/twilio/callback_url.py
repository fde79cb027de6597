"""The URL a provider reports statuses to. It carries whose message it is, so that a report needs no look-up."""

import re
from typing import Final
from urllib.parse import parse_qs, urlencode

from channels.model import CallbackKey, MalformedWebhookError

STATUS_PATH = "/twilio/status"
INBOUND_PATH = "/twilio/inbound"
_PARTS: Final = re.compile(r"[1-9][0-9]?", re.ASCII)
COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


def status_callback_url(public_url: str, key: CallbackKey) -> str:
    """`{public}/twilio/status?m=<merchant>&c=<customer>&x=<activation>&a=<attempt>&p=<address's hash>`.

    A message of several parts has `n=<parts>` besides, one to a country with a price of its own `k=<country>`.
    """
    fields = {"m": key.merchant, "c": key.customer, "x": key.activation, "a": key.attempt}
    parts = str(key.parts) if key.parts > 1 else ""
    more = {"p": key.address, "n": parts, "k": key.country}
    query = urlencode(fields | {name: value for name, value in more.items() if value})
    return f"{public_url.rstrip('/')}{STATUS_PATH}?{query}"


def read_callback_key(query: str) -> CallbackKey:
    """Parse the query of a callback's URL; each part must be there once, or `MalformedWebhookError` is raised.

    What else there is may be missing: messages that were sent before it was told still report.
    """
    try:
        fields = parse_qs(query, keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise MalformedWebhookError("the callback's query has too many fields") from error
    values = []
    for name in ("m", "c", "x", "a"):
        given = fields.get(name, [])
        if len(given) != 1 or not given[0]:
            raise MalformedWebhookError(f"the callback's query must have exactly one {name}")
        values.append(given[0])
    address, parts, country = (given[0] if len(given := fields.get(name, [])) == 1 else "" for name in ("p", "n", "k"))
    merchant, customer, activation, attempt = values
    return CallbackKey(
        merchant,
        customer,
        activation,
        attempt,
        address=address,
        parts=int(parts) if _PARTS.fullmatch(parts) else 0,
        country=country if COUNTRY.fullmatch(country) else "",
    )

"""The URL a provider reports statuses to. It carries whose message it is, so that a report needs no look-up."""

from urllib.parse import parse_qs, urlencode

from channels.model import CallbackKey, MalformedWebhookError

STATUS_PATH = "/twilio/status"
INBOUND_PATH = "/twilio/inbound"


def status_callback_url(public_url: str, key: CallbackKey) -> str:
    """`{public}/twilio/status?m=<merchant>&c=<customer>&x=<activation>&a=<attempt>&p=<address's hash>`."""
    fields = {"m": key.merchant, "c": key.customer, "x": key.activation, "a": key.attempt}
    query = urlencode(fields | ({"p": key.address} if key.address else {}))
    return f"{public_url.rstrip('/')}{STATUS_PATH}?{query}"


def read_callback_key(query: str) -> CallbackKey:
    """Parse the query of a callback's URL; each part must be there once, or `MalformedWebhookError` is raised.

    The address may be missing: messages that were sent before it was told still report.
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
    address = fields.get("p", [])
    merchant, customer, activation, attempt = values
    return CallbackKey(merchant, customer, activation, attempt, address[0] if len(address) == 1 else "")

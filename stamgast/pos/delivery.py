"""A delivery read beside a desk: what it means, without network, signature, connection or merchant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from stamgast.domain.program import Program
from stamgast.pos.adapter import Adapter, Context, Document, Found, Headers
from stamgast.pos.connections import Connection
from stamgast.pos.documents import unmarked
from stamgast.pos.problems import Problem, RefusedError
from stamgast.pos.reading import Refused, as_given
from stamgast.pos.webhook import FORM, guarded, purchases_of, read_body

NOBODY: Final = "parse"
"""What merchant and connection are called where there is none."""
_LISTS: Final = ("data", "elements", "items", "result")
"""What APIs call the list of an answer, beside the plural of what is in it."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a delivery means."""

    documents: Sequence[Document]
    """Purchases and refunds in the contract's shape; `partial` stands in those that lack something."""
    to_reread: Sequence[Found]
    """What has to be read again before it is known, or known whole."""


def desk_context(system: str, *, account: str = "", currency: str = "EUR", zone: str = "Europe/Brussels") -> Context:
    """A context of nobody's: places keep their own names."""
    program = Program(NOBODY, "", currency, zone, "BE", ("nl",), {})
    return Context(Connection(NOBODY, NOBODY, system, account), program)


def read_delivery(adapter: Adapter, raw: bytes, headers: Headers, context: Context) -> Meaning:
    """What a webhook's body means. Raises `RefusedError` with everything in it that cannot be read."""
    with guarded(adapter):
        if adapter.ping(raw, headers) is not None:
            return Meaning((), ())
    told = headers if "content-type" in headers else {**headers, "content-type": guess(raw)}
    with guarded(adapter):
        body = adapter.decode(raw, headers)
        body = read_body(raw, told) if body is None else body
        found = adapter.notice(body, headers)
    return _meaning(adapter, found, context)


def read_objects(adapter: Adapter, raw: bytes, kind: str, context: Context) -> Meaning:
    """What an object of the system's API means, or each of a list of them, bare or as the API answers with it.

    Raises `RefusedError`.
    """
    body = read_body(raw, {})
    listed = _listed(body, kind)
    if listed is None:
        return _meaning(adapter, [Found(kind, _id_of(body), body)], context)
    found = [] if isinstance(body, list) else _in_answer(adapter, body, kind)
    return _meaning(adapter, found or [Found(kind, _id_of(each), each) for each in listed], context)


def _listed(body: Any, kind: str) -> list[Any] | None:
    """The objects of a list; None where the body is one object by itself."""
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return None
    embedded = body.get("_embedded")
    inner = embedded.get(f"{kind}s") if isinstance(embedded, dict) else None
    return next(
        (each for each in (*(body.get(name) for name in (f"{kind}s", *_LISTS)), inner) if isinstance(each, list)), None
    )


def _in_answer(adapter: Adapter, body: Any, kind: str) -> list[Found]:
    """The same as an adapter finds them that knows its API's answers: with what the answer says of all of them."""
    try:
        with guarded(adapter):
            found = adapter.refs(body)
    except RefusedError:
        return []
    return [each._replace(partial=False) for each in found if each.kind == kind and each.content is not None]


def _meaning(adapter: Adapter, found: Sequence[Found], context: Context) -> Meaning:
    documents: list[Document] = []
    problems: list[Problem] = []
    for each in found:
        if each.content is None:
            continue
        for item in purchases_of(adapter, [each], context):
            if isinstance(item, Refused):
                problems += item.problems
            else:
                shown = as_given(item.purchase)
                documents.append(shown | {"partial": True} if each.partial else shown)
    if problems:
        raise RefusedError(problems)
    return Meaning(documents, [each for each in found if each.content is None or each.partial])


def guess(raw: bytes) -> str:
    """What type a body is: a form where nobody said what it is: it has fields, and does not begin as JSON does."""
    begins = unmarked(raw).lstrip()[:1]
    return FORM if b"=" in raw and begins not in (b"{", b"[", b'"') else "application/json"


def _id_of(content: Any) -> str:
    found = content.get("id", "") if isinstance(content, dict) else ""
    return str(found) if isinstance(found, str | int) else ""

"""A delivery read beside a desk: what it means, without network, signature, connection or merchant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from stamgast.domain.program import Program
from stamgast.pos.adapter import Adapter, Context, Document, Found, Headers
from stamgast.pos.connections import Connection
from stamgast.pos.problems import Problem, RefusedError
from stamgast.pos.reading import Refused, as_given
from stamgast.pos.webhook import FORM, guarded, purchases_of, read_body

NOBODY: Final = "parse"
"""What merchant and connection are called where there is none."""


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
    """What an object of the system's API means, or each of a list of them. Raises `RefusedError`."""
    body = read_body(raw, {})
    objects = body if isinstance(body, list) else [body]
    return _meaning(adapter, [Found(kind, _id_of(each), each) for each in objects], context)


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
    begins = raw.lstrip()[:1]
    return FORM if b"=" in raw and begins not in (b"{", b"[", b'"') else "application/json"


def _id_of(content: Any) -> str:
    found = content.get("id", "") if isinstance(content, dict) else ""
    return str(found) if isinstance(found, str | int) else ""

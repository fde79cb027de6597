"""From a code, in either form, to whom it leads."""

from starlette.requests import Request

from stamgast.domain.voucher_codes import Code, read_code
from stamgast.state.keys import customers
from stamgast.state.voucher_owners import VoucherOwner, decode_owner
from stamgast.web.auth import Entrance
from stamgast.web.deps import Deps
from stamgast.web.guesses import refuse_guesses
from stamgast.web.problem import Problem


def code_in(request: Request, deps: Deps) -> Code:
    """The code in the path. Raises `Problem` 404 for what is none."""
    code = read_code(request.path_params["code"])
    if code is None or code.partition >= deps.topics.partitions:
        raise Problem(404, "no-voucher", "This is not a voucher code: compare it with the customer's message.")
    return code


async def owner_of(deps: Deps, entrance: Entrance, code: Code) -> VoucherOwner:
    """Whom a code leads to; to nobody where the customer is empty. Raises `Problem` 429, `NotFilledError`."""
    if not code.long:
        refuse_guesses(deps, entrance.key.id, entrance.merchant)
    slot = customers(code.partition)
    for form in dict.fromkeys((code.short, code.long or code.short)):
        stored = await deps.filling.value(slot, slot.voucher(entrance.merchant, form))
        if stored is not None and (owner := decode_owner(stored, code.long)).code == (code.long or owner.code):
            return owner
    return VoucherOwner("", code.long or code.short)

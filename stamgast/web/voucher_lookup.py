"""From a code, in either form or of the shop's own, to whom it leads."""

import asyncio

from starlette.requests import Request

from stamgast.domain.program import Program
from stamgast.domain.shop_codes import plain
from stamgast.domain.voucher_codes import NOT_OURS, Code, partition_of, read_code
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.voucher_owners import VoucherOwner, decode_owner, name_by_mark
from stamgast.web.auth import Entrance
from stamgast.web.deps import Deps
from stamgast.web.guesses import refuse_guesses
from stamgast.web.problem import Problem


def read_any(text: str, program: Program, deps: Deps) -> Code | None:
    """What a text may mean as a voucher's code; None for what can be none."""
    code = read_code(text)
    if code is not None and code.partition >= deps.topics.partitions:
        code = None
    has_own = any(reward.imported_codes for reward in program.rewards.values())
    typed = plain(text) if has_own else ""
    if code is None:
        return Code(typed, "", NOT_OURS, typed) if typed else None
    return code._replace(typed=typed)


def code_in(request: Request, deps: Deps, program: Program) -> Code:
    """The code in the path. Raises `Problem` 404 for what is none."""
    code = read_any(request.path_params["code"], program, deps)
    if code is None:
        raise no_code()
    return code


def no_code() -> Problem:
    """What is said of a text that can be no code."""
    return Problem(404, "no-voucher", "This is not a voucher code: compare it with the customer's message.")


async def owner_of(deps: Deps, entrance: Entrance, code: Code) -> VoucherOwner:
    """Whom a code leads to; to nobody where the customer is empty. Raises `Problem` 429, `NotFilledError`."""
    if not code.long:
        refuse_guesses(deps, entrance.key.id, entrance.merchant)
    if code.partition != NOT_OURS:
        slot = customers(code.partition)
        for form in dict.fromkeys((code.short, code.long or code.short)):
            stored = await deps.filling.value(slot, slot.voucher(entrance.merchant, form))
            if stored is not None and (owner := decode_owner(stored, code.long)).code == (code.long or owner.code):
                return owner
    return await _by_mark(deps, entrance, code) or VoucherOwner("", code.long or code.short)


async def _by_mark(deps: Deps, entrance: Entrance, code: Code) -> VoucherOwner | None:
    """Whose a code of the shop's own is: the customer may be in any partition, so all of them are asked at once."""
    if not code.typed:
        return None
    name = name_by_mark(entrance.program.veil.code_mark(code.typed))
    slots = [customers(number) for number in range(deps.topics.partitions)]
    asked = (deps.filling.value(slot, slot.voucher(entrance.merchant, name)) for slot in slots)
    found = next((stored for stored in await asyncio.gather(*asked) if stored is not None), None)
    return None if found is None else decode_owner(found, "")


def slot_of(code: Code, owner: VoucherOwner) -> PartitionKeys:
    """The partition that answers for a code whose owner was looked up."""
    return customers(partition_of(owner.code) if owner.customer else max(code.partition, 0))

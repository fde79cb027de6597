"""Every voucher of a customer, at hand or kept apart."""

from collections.abc import Mapping

from msgspec.structs import replace

from stamgast.domain import apart
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.rewards import timer_of
from stamgast.domain.vocabulary import TimerKind


def all_vouchers(state: Customer, ledger: Mapping[bytes, bytes]) -> list[Voucher]:
    """Those at hand, then those kept apart, as a till would find them."""
    found = list(state.vouchers)
    for field, value in ledger.items():
        if apart.is_of_vouchers(field):
            for voucher in apart.decode_apart(value):
                if voucher.state == "open" and voucher.expires_at <= state.recorded_at:
                    voucher.state = "expired"
                found.append(voucher)
    return found


def whole(state: Customer, ledger: Mapping[bytes, bytes]) -> Customer:
    """The state as if nothing were kept apart."""
    vouchers = all_vouchers(state, ledger)
    timers = {name: due for name, due in state.timers.items() if name != TimerKind.VOUCHERS}
    timers |= {timer_of(voucher.code): voucher.expires_at for voucher in vouchers if voucher.state == "open"}
    return replace(state, vouchers=vouchers, timers=timers, apart=None)

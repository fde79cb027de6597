"""A person ends a voucher, or gives it another code; what comes back by itself comes back under its own."""

import json
from typing import Any

from rules.actions import Give, Send
from stamgast.domain.program import Reward
from stamgast.domain.till_events import VoidReason, VoucherRedeemed, VoucherVoided
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.voucher_terms import Worth
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner


def full_card(*rules: Any) -> Owner:
    owner = Owner(bundle(program(card(stamps=2, reward="loaf")), *rules))
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    owner.apply(bought("t1", T0 + HOUR))
    return owner


def void(owner: Owner, code: str, when: Millis, *, reissue: bool = False, request: str = "v1") -> dict[str, Any]:
    event = VoucherVoided(
        merchant=MERCHANT, customer=ANNA, at=when, id=request, code=code, reason=VoidReason.SEEN, reissue=reissue
    )
    answer: dict[str, Any] = json.loads(owner.apply(event).answers[request])
    return answer


def use(owner: Owner, code: str, when: Millis, total: int = 0) -> dict[str, Any]:
    event = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=when, id=f"q{when}", code=code, total=total)
    answer: dict[str, Any] = json.loads(owner.apply(event).answers[f"q{when}"])
    return answer


def test_a_voucher_that_was_voided_is_over_for_good():
    owner = full_card()
    code = owner.state().vouchers[0].code
    assert void(owner, code, T0 + 2 * HOUR)["status"] == 200
    assert void(owner, code, T0 + 2 * HOUR, request="v2")["status"] == 200, "asked again it is what it was"
    assert use(owner, code, T0 + 3 * HOUR)["detail"] == "This voucher is voided."
    assert f"voucher:{code}" not in owner.state().timers
    owner.apply(taken_back(bought("t1", T0 + HOUR), T0 + 4 * HOUR))
    owner.apply(bought("t2", T0 + 5 * HOUR))
    assert [(v.code, v.state) for v in owner.state().vouchers] == [(code, "voided")], "not even by the card, full again"
    told = [as_line(line) for line in owner.changes[3].told]
    assert [(line.became, line.reason) for line in told] == [("voided", "seen")]


def test_a_voucher_that_was_reissued_goes_on_under_another_code():
    owner = full_card()
    old = owner.state().vouchers[0]
    answer = void(owner, old.code, T0 + 2 * HOUR, reissue=True)
    [new] = owner.state().vouchers
    assert (answer["new_code"], new.code != old.code, new.expires_at) == (new.code, True, old.expires_at)
    assert void(owner, old.code, T0 + 2 * HOUR, reissue=True, request="v2")["new_code"] == new.code
    assert [key for key in owner.state().timers if key.startswith("voucher:")] == [f"voucher:{new.code}"]
    refused = use(owner, old.code, T0 + 3 * HOUR)
    assert (refused["status"], refused["detail"]) == (409, "This voucher has another code now.")
    assert use(owner, new.code, T0 + 4 * HOUR)["status"] == 200
    names = {
        as_line(line).voucher for change in owner.changes for line in change.told if as_line(line).kind == "voucher"
    }
    assert len(names) == 1, "whoever reads facts sees one voucher"
    assert void(owner, new.code, T0 + 5 * HOUR, reissue=True, request="v3")["status"] == 409, "it was used"


def test_what_was_used_of_a_reissued_voucher_stays_used():
    reward = Reward("five", {"nl": "vijf"}, worth=Worth(amount=500, keeps_rest=True))
    owner = Owner(bundle(program(rewards={"five": reward}), rule("gift", "purchase", Give("five"), earned=True)))
    owner.apply(bought("t0", T0))
    code = owner.state().vouchers[0].code
    use(owner, code, T0 + HOUR, total=320)
    new = void(owner, code, T0 + 2 * HOUR, reissue=True)["new_code"]
    assert use(owner, new, T0 + 3 * HOUR, total=900)["discount"] == 180


def test_a_refund_finds_a_reissued_voucher():
    owner = full_card()
    new = void(owner, owner.state().vouchers[0].code, T0 + 2 * HOUR, reissue=True)["new_code"]
    owner.apply(taken_back(bought("t1", T0 + HOUR), T0 + 4 * HOUR))
    assert owner.state().vouchers[0].state == "withdrawn"
    owner.apply(bought("t2", T0 + 5 * HOUR))
    assert [(v.code, v.state) for v in owner.state().vouchers] == [(new, "open")]


def test_a_card_that_is_full_again_has_its_code_again_and_says_nothing_twice():
    said = rule("say", "stamp_card_completed", Send("loaf", ("sms",)), per="card", fills="bread")
    owner = full_card(said)
    [sent] = [each for change in owner.changes for each in change.submissions]
    code = sent.data["code"]
    owner.apply(taken_back(bought("t1", T0 + HOUR), T0 + DAY))
    assert owner.state().vouchers[0].state == "withdrawn"
    owner.apply(bought("t2", T0 + 2 * DAY))
    assert [(v.code, v.state) for v in owner.state().vouchers] == [(code, "open")]
    assert len([each for change in owner.changes for each in change.submissions]) == 1

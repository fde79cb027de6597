"""Trying out codes: what people can type, somebody can try to guess.

Who asked for a short code that does not exist has used up one of so many attempts, of their own (a key, or a till's
device) and of their merchant's, whose codes they were trying out. While there are none left no short code is looked up:
the answer to a right one would be the guess that hit. Long ones, which nobody guesses, go on working: scan the QR.
"""

from stamgast.web.auth import too_many
from stamgast.web.deps import Deps
from stamgast.web.problem import Problem

_WHAT = "codes that do not exist"


def refuse_guesses(deps: Deps, who: str, merchant: str) -> None:
    """Before a short code is looked up. Raises `Problem` 429 that says when to come back."""
    own, of_all = deps.wrong_codes.wait(who), deps.wrong_codes_of_merchants.wait(merchant)
    if own or of_all:
        raise _too_many(max(own, of_all))


def no_such_code(deps: Deps, who: str, merchant: str) -> Problem:
    """404, or 429 for one too many."""
    seconds = max(deps.wrong_codes.take(who), deps.wrong_codes_of_merchants.take(merchant))
    return _too_many(seconds) if seconds else Problem(404, "no-voucher", "There is no voucher with this code.")


def _too_many(seconds: float) -> Problem:
    problem = too_many(_WHAT, seconds)
    problem.detail += " A code that is scanned, or the long one in the customer's link, is taken at once."
    return problem

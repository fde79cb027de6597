"""The one use case: a customer's state and events in; new state, facts and activations out.

Pure: no I/O, no clock, no chance. The worker, the backtest, the rule tests and the rebuild run this very
code. Reading order: `case` (what is worked on), `change` (what is to be written), `handle` (one event after another),
`rules` (those that fire on facts), `messages` (an activation's way), `plans` (what happens later), `due` (timers).
"""

from stamgast.service.case import Bundle, Context
from stamgast.service.change import Change
from stamgast.service.draws import PASSES
from stamgast.service.handle import hand_out, handle, ledger_keys
from stamgast.service.hearing import hearing

__all__ = ["PASSES", "Bundle", "Change", "Context", "hand_out", "handle", "hearing", "ledger_keys"]

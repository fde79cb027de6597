"""What code calls by names of its own, as pages say it: why a message was withheld, what is different in a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stamgast.domain.vocabulary import Reason
from stamgast.programs.launching import Refusal
from stamgast.web.pages.languages import N_

WITHHELD: Final[Mapping[str, str]] = {
    Reason.NO_CONSENT: N_("The customer has not agreed to such messages"),
    Reason.OPTED_OUT: N_("The customer said STOP"),
    Reason.HOLDOUT: N_("The customer is held out, to compare with"),
    Reason.COOL_DOWN: N_("It had spoken to the customer not long before"),
    Reason.FREQUENCY_CAP: N_("The customer has had as many messages as the house allows"),
    Reason.OUTRANKED: N_("More important messages took the room"),
    Reason.QUESTION_OPEN: N_("Another question to the customer is open"),
    Reason.ASKED_BEFORE: N_("The customer was asked this not long ago"),
    Reason.ALREADY_KNOWN: N_("What it asks is known already"),
    Reason.COMPLAINED: N_("The customer complained just before, and is left in peace for a while"),
    Reason.TOPIC_LEFT: N_("The customer left its topic"),
    Reason.QUIET_HOURS: N_("It was outside the hours for messages"),
    Reason.ONE_IN_FLIGHT: N_("Another message to the customer is on its way"),
    Reason.GAVE_UP: N_("It could not go out in time"),
    Reason.LATE: N_("The news was too old"),
    Reason.TOO_MANY: N_("Too much at once"),
    Reason.NO_LONGER_TRUE: N_("The customer came back before it went out"),
    Reason.TAKEN_BACK: N_("A refund took the occasion back"),
    Reason.EARNED_AGAIN: N_("It was being stopped, and its occasion came about again meanwhile"),
    Reason.ERASED: N_("The customer asked to be forgotten"),
    Reason.RULE_NOT_LIVE: N_("The rule was not live any more when its time came"),
    Reason.RULE_OVER: N_("The rule's last day had passed when its time came"),
    Reason.UNDO_WINDOW: N_("The rule was launched just before, and its first messages wait so that they can be undone"),
    Reason.UNDONE: N_("It was undone: the rule was paused while its first messages waited"),
    Reason.NOT_YET: N_("Its time has not come"),
    Reason.CALLED_OFF: N_("What calls it off came about while it waited"),
    Reason.RULE_CHANGED: N_("The rule was edited while it waited, and has it no more"),
    Reason.STOPPED: N_("Somebody stopped its campaign before it left"),
    Reason.BUDGET: N_("Its budget was spent"),
    Reason.NOTHING_TO_RECOMMEND: N_("Nothing is bought next often enough that the customer does not have already"),
    Reason.RULE_LIMIT: N_("It had sent as many messages as it may in a day"),
    Reason.STAFF_LIMIT: N_("Staff had been told as much in this hour as they are to be"),
    Reason.FOLDED: N_("Another message to the staff told of it among others"),
    Reason.EXPIRED: N_("It could not go out in time"),
    Reason.NO_CHANNEL: N_("Nothing here carries messages of its channel"),
    Reason.NO_ADDRESS: N_("No address of the customer is known for its channel"),
    Reason.NO_TEMPLATE: N_("Its template is there no more"),
    Reason.NO_WORDING: N_("Its template has no wording for its channel in a language of the shop"),
    Reason.ANOTHER_ATTEMPT: N_("It was begun once, and nobody knows what became of it"),
    Reason.NOT_FOUND: N_("The carrier does not know of the attempt"),
    Reason.OTHER_CHANNEL: N_("This channel does not reach the customer"),
    Reason.NONE: N_("The channel broke while it was being sent"),
    Reason.THROTTLED: N_("The carrier had too much to do"),
    Reason.TRANSIENT: N_("The carrier, or the phone, could not be reached"),
    Reason.BAD_NUMBER: N_("No message reaches the number"),
    Reason.OPT_OUT: N_("The customer said STOP"),
    Reason.NOT_ON_CHANNEL: N_("The customer is not on this channel"),
    Reason.WINDOW: N_("The customer has not written for a day: only approved templates may be sent"),
    Reason.TEMPLATE: N_("Its template could not be filled in, or the carrier does not approve of it"),
    Reason.CONTENT: N_("Its text is too long, empty, or against the channel's rules"),
    Reason.TOO_LONG: N_("Its SMS would have taken more parts than the shop allows"),
    Reason.COSTLY: N_("Making it took more than a message may take"),
    Reason.CONFIG: N_("The account or the sender is not set up for it at the carrier"),
    Reason.POLICY: N_("The carrier chose not to deliver it"),
    Reason.UNKNOWN: N_("The carrier refused it with an error that nobody here knows"),
}
"""Reason -> why a message was held, withheld or did not arrive."""
REFUSED: Final[Mapping[Refusal, str]] = {
    Refusal.NO_TEST: N_("It has no test, so nobody knows whether it does what is meant. Write one under tests: first."),
    Refusal.FAILING: N_("It does not do what its tests expect: %(names)s. Mend it first."),
    Refusal.UNKNOWN: N_("This rule is not in force any more. Look at the list of rules."),
}
"""Why a rule is not launched."""

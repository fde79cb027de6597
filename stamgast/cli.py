"""The command line: `stamgast COMMAND …`, one module of `stamgast.commands` per command.

Only the called command's module is imported, so that each starts as fast as what it needs.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Final

COMMANDS: Final = {
    "worker": "apply purchases and events, send messages: one of the processes that share the work",
    "web": "serve purchases, webhooks and rewards over HTTP",
    "sandbox": "stand in for Twilio, with phones in a page",
    "services": "run a broker and a Redis for development until Ctrl-C",
    "topics": "create the topics, or adopt a new cluster",
    "keys": "create and revoke API keys, show the key for sealed identifiers",
    "users": "say who may sign in to the pages, end their sessions",
    "audit": "see who did what, and when",
    "publish": "check the merchants' files and bring them into force",
    "rules": "check, test and explain rules",
    "templates": "ask Twilio which messages WhatsApp approved, for `rules check`",
    "join": "list the codes by which people join, and draw their QR for a poster",
    "campaign": "start a rule for an audience, see how far it is, stop it",
    "draws": "see draws and instant wins, recheck who won",
    "customer": "show what is known about a customer, or forget who they are",
    "vouchers": "bring in codes of a shop's own, see how many are left",
    "inbox": "read what customers wrote, and look at the pictures that they sent",
    "erasures": "see whether people who were forgotten are gone from the files as well",
    "day": "reckon what a day came to, and what looked wrong in it",
    "report": "tell what rules earned, and what the shop owes its customers",
    "prices": "ask the carrier what messages cost after all",
    "import": "bring in a list of purchases, or of customers with their consents",
    "export": "write down all of a merchant, or all that is kept of one customer",
    "purchases": "list, confirm or void purchases that nobody can have meant",
    "listen": "see what happens to a merchant's customers, and send it on to an address of yours",
    "feeds": "tell other systems what happens, by signed webhooks",
    "claims": "list, confirm or refuse claims of receipts of which there were too many",
    "trigger": "send an example purchase, refund, void, enrolment or STOP to a web of this machine",
    "pos": "see which systems of tills there are, and what their deliveries mean",
    "recommend": "find out what customers buy next, and publish it",
    "clv": "compute what customers are worth: by hand, or fitted to purchases",
    "demo": "try everything on this machine with real purchases",
    "clock": "move driven shop time",
    "dead-letters": "list, show and replay what could not be read",
    "rebuild": "fill an empty Redis from Kafka",
    "verify": "compare the live state with a recomputation",
}
_MODULES: Final = {"import": "import_lists"}
"""Of commands whose names no module can have."""
_PROCESSES: Final = frozenset({"worker", "web", "sandbox", "services", "demo", "listen"})
"""What runs until it is ended; all others make what they need, and go."""


def main() -> None:
    """Run the command that the arguments name."""
    # pydantic would look through all that is installed for plugins, before each command: we have none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    # Threads of BLAS turn while they wait for sums that are too short for them: fits took ten times the CPU.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in {"--help", "-h", "help"}:
        _print(menu())
        return
    if name == "--version":
        from importlib.metadata import version

        _print(f"stamgast {version('stamgast')}")
        return
    if name not in COMMANDS:
        from stamgast.domain.spelling import nearest

        near = nearest(name, COMMANDS)
        hint = f"did you mean `stamgast {near}`?" if near else "`stamgast --help` lists the commands"
        print(f"stamgast: there is no command {name!r}; {hint}", file=sys.stderr)  # noqa: T201  the answer
        raise SystemExit(2)
    if not all(map(_is_text, arguments)):
        print("stamgast: an argument is no text in UTF-8", file=sys.stderr)  # noqa: T201  the answer
        raise SystemExit(2)
    if name not in _PROCESSES:
        gc.set_threshold(100_000, 50, 50)  # looking for garbage among what was just imported costs a tenth of a command
    module = importlib.import_module(module_of(name))
    try:
        module.app(args=arguments, prog_name=f"stamgast {name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "scipy":
            raise
        from stamgast.clv.installed import HOW

        print(f"stamgast: this computes with scipy, which is not installed: {HOW} brings it", file=sys.stderr)  # noqa: T201  the answer
        raise SystemExit(1) from None


def module_of(command: str) -> str:
    """Return the name of a command's module."""
    return f"stamgast.commands.{_MODULES.get(command, command.replace('-', '_'))}"


def _is_text(argument: str) -> bool:
    """Say whether it can be written again: what was no UTF-8 has become halves of letters."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def menu() -> str:
    """Return the list of commands."""
    width = max(map(len, COMMANDS))
    rows = "".join(f"  {name:<{width}}  {summary}\n" for name, summary in COMMANDS.items())
    return f"usage: stamgast COMMAND …    (stamgast COMMAND --help says more)\n\n{rows}".rstrip()


def _print(text: str) -> None:
    print(text)  # noqa: T201  the answer itself


if __name__ == "__main__":
    main()

"""A stateful local stand-in for Twilio: the unmodified SDK talks to it, and nothing is ever sent.

It speaks enough of the Messages and Content APIs, signs its status callbacks and inbound webhooks, can be told
to fail in every way a carrier fails, and shows what people would see on their phones. Read `options`, then
`app` (how it is put together), `api` (Twilio's side), `control` (the tests' and the page's side), `carrier`
(what becomes of a message), `faults`, `phones.html`.
"""

from stamgast.sandbox.app import create_app
from stamgast.sandbox.options import SandboxOptions
from stamgast.sandbox.server import SandboxServer

__all__ = ["SandboxOptions", "SandboxServer", "create_app"]

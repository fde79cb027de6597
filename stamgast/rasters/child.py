"""Draws one SVG in a process of its own: `python -m stamgast.rasters.child`, SVG on stdin, PNG on stdout.

A library that draws is written in another language, and a file may be made to break it: groups in groups in groups end
the whole process, and dashes of a millionth take seconds. Here that ends a child, which may open nothing.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Final

_SECONDS: Final = 3
_BYTES: Final = 1 << 30
"""Of addresses, the library's own among them."""
_OPEN: Final = 3
"""stdin, stdout, stderr: nothing can be opened beside these, be it a file or a connection."""


def main() -> None:
    """See the module. The size in pixels stands in the arguments."""
    import resvg_py  # noqa: PLC0415  before the limits: it is a file, too

    width, height = map(int, sys.argv[1:3])
    _hold()
    made = resvg_py.svg_to_bytes(svg_string=sys.stdin.read(), width=width, height=height, skip_system_fonts=True)
    sys.stdout.buffer.write(made)


def _hold() -> None:
    with contextlib.suppress(ImportError):  # where a system has no such limits, time alone is bounded
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN, _OPEN))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()

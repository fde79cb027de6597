"""Whether what fits and scores over arrays can run: scipy is a third of everything, and no purchase needs it."""

from importlib.util import find_spec
from typing import Final

HOW: Final = (
    "`make install-run CLV=1`, `pip install 'stamgast[clv]'`, or an image built with `--build-arg REQUIREMENTS=clv`"
)
"""What brings it."""


def has_scipy() -> bool:
    """Say whether it is there."""
    return find_spec("scipy") is not None

"""Imports all that any of our processes may: what is forked afterwards starts at once."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil

# As `stamgast.cli` has it before anything is imported.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

for _package in ("stamgast", "streams", "rules", "channels"):
    for _module in pkgutil.walk_packages(importlib.import_module(_package).__path__, f"{_package}."):
        with contextlib.suppress(ImportError):  # what is not installed is not needed by a command that works without it
            importlib.import_module(_module.name)

# What is here stays here: nobody who is forked need look for garbage among it, nor copy its pages to do so.
gc.collect()
gc.freeze()

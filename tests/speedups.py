"""Skips work that thousands of short-lived clients would repeat: half of the suite's run time.

The test servers do not use TLS, so no certificates are loaded. Installed versions are looked up once.
"""

import functools
import ssl
from typing import Any

from opentelemetry.instrumentation import dependencies
from opentelemetry.instrumentation.openrouter._clients import base


def speed_up() -> None:
    """Stub out certificate loading and cache version lookups in this process."""
    ssl.SSLContext.load_verify_locations = _nothing
    modules: tuple[Any, ...] = (dependencies, base)
    for module in modules:
        module.version = functools.cache(module.version)


def _nothing(*_: object, **__: object) -> None: ...

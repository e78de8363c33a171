"""Skips work that thousands of short-lived clients would repeat: half of the suite's run time.

The test servers do not use TLS, so no certificates are loaded. Installed versions are looked up once.
"""

import functools
import ssl
from typing import Any

from opentelemetry.instrumentation import dependencies


def speed_up() -> None:
    """Stub out certificate loading and cache version lookups in this process."""
    ssl.SSLContext.load_verify_locations = _nothing
    lookup: Any = dependencies
    lookup.version = functools.cache(lookup.version)


def _nothing(*_: object, **__: object) -> None: ...

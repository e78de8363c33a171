"""Skips work that thousands of short-lived clients repeat and no test needs: half of the suite's time.

No server here speaks TLS, so no certificates are loaded; installed versions are looked up once.
"""

import functools
import ssl
from typing import Any

from opentelemetry.instrumentation import dependencies


def speed_up() -> None:
    """Skip that work in this process."""
    ssl.SSLContext.load_verify_locations = _nothing
    lookup: Any = dependencies
    lookup.version = functools.cache(lookup.version)


def _nothing(*_: object, **__: object) -> None: ...

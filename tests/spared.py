"""What thousands of short-lived clients would do over and over, and no test needs: half of the suite's time.

Who serves here speaks no TLS, so nobody's certificates are read; and which releases are installed is looked up once.
"""

import functools
import ssl
from typing import Any

from opentelemetry.instrumentation import dependencies


def spare() -> None:
    """Do without them, in this process."""
    ssl.SSLContext.load_verify_locations = _nothing
    lookup: Any = dependencies
    lookup.version = functools.cache(lookup.version)


def _nothing(*_: object, **__: object) -> None: ...

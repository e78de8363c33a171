"""A client for OpenRouter's own API (`/key`, `/generation`) with the caller's credentials.

It sends only for options that the user enabled, and never during a call. The key and the headers stay in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from .._wire.fields import mapping

TIMEOUT: Final = 5.0
"""Seconds that one request may take."""


@dataclass(frozen=True, slots=True, repr=False)
class ApiClient:
    """One API key at one base URL."""

    base_url: str
    key: str
    get: Callable[[str, float], object]
    """Sends GET to a path below the base URL with a timeout in seconds; returns the JSON, or raises."""

    def get_data(self, path: str, timeout: float = TIMEOUT) -> dict[str, object]:
        """Return the field `data` of a response: https://openrouter.ai/docs/api/api-reference.

        Args:
            path: such as `/key`.
            timeout: seconds.

        Raises:
            Exception: what the HTTP library raises.
        """
        with suppress_instrumentation():
            return dict(mapping(mapping(self.get(path, timeout)).get("data")))

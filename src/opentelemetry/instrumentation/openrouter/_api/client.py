"""One key at one OpenRouter, as a client of the caller's knows it, and how to ask what OpenRouter itself says of it.

Asked only for what the user switched on, never on the way of a call. Key and headers stay in memory and are not told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from .._wire.fields import members

PATIENCE: Final = 5.0
"""Seconds that one question may take."""


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """Who asks, and whom."""

    base_url: str
    key: str
    get: Callable[[str, float], object]
    """GETs a path below the base URL, with the client's own credentials, in so many seconds; the JSON, or raises."""

    def ask(self, path: str, timeout: float = PATIENCE) -> dict[str, object]:
        """The member `data` of what OpenRouter answers: https://openrouter.ai/docs/api/api-reference.

        Args:
            path: such as `/key`.
            timeout: seconds.

        Raises:
            Exception: what the HTTP library raises.
        """
        with suppress_instrumentation():
            return dict(members(members(self.get(path, timeout)).get("data")))

"""The environments of the matrix: which releases of the SDK, of Python and of OpenTelemetry are run together.

Each release of the SDK meets both Pythons and both OpenTelemetrys, and each Python both OpenTelemetrys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OLDEST_PYTHON: Final = "3.10"
NEWEST_PYTHON: Final = ("3.14", "3.13", "3.12", "3.11")
"""The first of these that is found."""

OPENTELEMETRY: Final[Mapping[str, tuple[str, ...]]] = {
    "oldest": (
        "opentelemetry-api == 1.37.0",
        "opentelemetry-sdk == 1.37.0",
        "opentelemetry-instrumentation == 0.58b0",
        "opentelemetry-semantic-conventions == 0.58b0",
        "wrapt == 1.17.0",
    ),
    "newest": (
        "opentelemetry-api == 1.45.2",
        "opentelemetry-sdk == 1.45.2",
        "opentelemetry-instrumentation == 0.66b2",
        "opentelemetry-semantic-conventions == 0.66b2",
        "wrapt == 2.5.2",
    ),
}
"""The floors of pyproject.toml, and what was newest when this was last looked at."""

ALSO: Final = ("pytest == 9.2.0", "pytest-timeout == 2.4.0", "starlette >= 0.40", "uvicorn >= 0.30")
"""What the simulator and `tests/integration/test_contract.py` need."""


@dataclass(frozen=True)
class Pin:
    """One environment."""

    openai: tuple[str, ...]
    is_newest_python: bool
    opentelemetry: str

    @property
    def requires(self) -> tuple[str, ...]:
        """What is installed, beside this project."""
        return (*self.openai, *OPENTELEMETRY[self.opentelemetry], *ALSO)


# openai 1.26 passes `proxies` to httpx, which 0.28 dropped.
_FLOOR: Final = ("openai == 1.26.0", "httpx == 0.27.2")
_LAST_1: Final = ("openai[aiohttp] == 1.109.1",)
_LAST_2: Final = ("openai[aiohttp] == 2.54.0",)
_NEWEST: Final = ("openai[aiohttp] == 3.54.0",)

PINS: Final[Mapping[str, Pin]] = {
    "floor-old": Pin(_FLOOR, is_newest_python=False, opentelemetry="oldest"),
    "floor-new": Pin(_FLOOR, is_newest_python=True, opentelemetry="newest"),
    "last-1-old": Pin(_LAST_1, is_newest_python=False, opentelemetry="newest"),
    "last-1-new": Pin(_LAST_1, is_newest_python=True, opentelemetry="oldest"),
    "last-2-old": Pin(_LAST_2, is_newest_python=False, opentelemetry="oldest"),
    "last-2-new": Pin(_LAST_2, is_newest_python=True, opentelemetry="newest"),
    "newest-old": Pin(_NEWEST, is_newest_python=False, opentelemetry="newest"),
    "newest-new": Pin(_NEWEST, is_newest_python=True, opentelemetry="oldest"),
}

"""The environments of the matrix: which releases of the clients, of Python and of OpenTelemetry are tested together.

Each release of the OpenAI SDK is tested with both Pythons and both OpenTelemetry releases, and each Python with both of
the latter. The oldest and the newest releases of the other clients are tested where they fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

OLDEST_PYTHON: Final = "3.10"
NEWEST_PYTHON: Final = ("3.14", "3.13", "3.12", "3.11")
"""The first of these that is installed is used."""

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
"""The lower bounds of pyproject.toml, and the newest releases when this file was last updated."""

ALSO: Final = ("pytest == 9.2.0", "pytest-timeout == 2.4.0", "starlette >= 0.40", "uvicorn >= 0.30")
"""The requirements of the simulator and of the contract tests."""


@dataclass(frozen=True)
class Release:
    """One environment."""

    openai: tuple[str, ...]
    is_newest_python: bool
    opentelemetry: str
    others: Mapping[str, str] = field(default_factory=dict[str, str])
    """The releases of the other clients that are tested here."""

    @property
    def clients(self) -> tuple[str, ...]:
        """Return the packages of the tested clients."""
        return ("openai", *self.others)

    @property
    def requires(self) -> tuple[str, ...]:
        """Return the requirements besides this project."""
        others = (f"{name} == {version}" for name, version in self.others.items())
        return (*self.openai, *others, *OPENTELEMETRY[self.opentelemetry], *ALSO)


# openai 1.26 passes `proxies` to httpx, which httpx 0.28 removed.
_FLOOR: Final = ("openai == 1.26.0", "httpx < 0.28")
_LAST_1: Final = ("openai[aiohttp] == 1.109.1",)
_LAST_2: Final = ("openai[aiohttp] == 2.54.0",)
_NEWEST: Final = ("openai[aiohttp] == 3.54.0",)

# anthropic 0.51 needs httpx 0.25.
_OLDEST_HTTP: Final = {"httpx": "0.23.0", "requests": "2.25.0", "aiohttp": "3.8.0"}
_NEWEST_HTTP: Final = {"httpx": "0.28.1", "httpx2": "2.16.2", "requests": "2.34.2", "aiohttp": "3.14.5"}

RELEASES: Final[Mapping[str, Release]] = {
    "floor-old": Release(_FLOOR, is_newest_python=False, opentelemetry="oldest", others=_OLDEST_HTTP),
    "floor-new": Release(_FLOOR, is_newest_python=True, opentelemetry="newest", others={"anthropic": "0.51.0"}),
    "last-1-old": Release(_LAST_1, is_newest_python=False, opentelemetry="newest"),
    "last-1-new": Release(_LAST_1, is_newest_python=True, opentelemetry="oldest"),
    "last-2-old": Release(_LAST_2, is_newest_python=False, opentelemetry="oldest"),
    "last-2-new": Release(_LAST_2, is_newest_python=True, opentelemetry="newest"),
    "newest-old": Release(_NEWEST, is_newest_python=False, opentelemetry="newest", others={"anthropic": "2.14.0"}),
    "newest-new": Release(_NEWEST, is_newest_python=True, opentelemetry="oldest", others=_NEWEST_HTTP),
}

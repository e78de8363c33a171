"""The cases: each calling style, sync and async, combined with the options that apply to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openai

from .access_patterns import ACCESS_PATTERNS, AccessPattern
from .clients import KEY, ClientSetup
from .methods import METHODS, Method
from .options import OPTIONS, Option


@dataclass(frozen=True)
class Case:
    """One calling style with one option."""

    method: Method
    pattern_name: str
    asynchronous: bool
    option_name: str

    @property
    def pattern(self) -> AccessPattern:
        """Return how the call is made and read."""
        return ACCESS_PATTERNS[self.pattern_name]

    @property
    def option(self) -> Option:
        """Return the options of the client and of the call."""
        return OPTIONS[self.option_name]

    @property
    def calling_style(self) -> str:
        """Return the name without the option."""
        return f"{'async ' if self.asynchronous else ''}{self.method.name}, {self.pattern_name}"

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.calling_style}; {self.option_name}"


def cases() -> tuple[list[Case], int]:
    """Return all cases that the installed SDK supports, and the number of calling styles that it does not support."""
    found: list[Case] = []
    missing = 0
    for asynchronous in (False, True):
        kind: Any = openai.AsyncOpenAI if asynchronous else openai.OpenAI
        sample = kind(
            api_key=KEY, base_url="http://127.0.0.1:9", http_client=ClientSetup("", asynchronous, print).http()
        )
        for method in METHODS:
            for name, pattern in ACCESS_PATTERNS.items():
                if not pattern.applies(method):
                    continue
                if not method.exists(sample, pattern.view):
                    missing += 1
                    continue
                found += (Case(method, name, asynchronous, option) for option in _options(method, name, asynchronous))
    return found, missing


def _options(method: Method, pattern_name: str, asynchronous: bool) -> Iterator[str]:
    pattern = ACCESS_PATTERNS[pattern_name]
    for name, option in OPTIONS.items():
        chosen = {
            "representative": pattern_name in method.representative,
            "all methods": pattern.is_main,
            "all patterns": True,
        }[option.scope]
        if chosen and option.applies(method, pattern, asynchronous):
            yield name

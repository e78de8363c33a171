"""The cases: each way of calling, sync and async, crossed with the options that make sense for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openai

from .access_patterns import MANNERS, Manner
from .clients import KEY, Stage
from .methods import METHODS, Method
from .options import OPTIONS, Option


@dataclass(frozen=True)
class Case:
    """One way of calling, with one option."""

    method: Method
    manner_name: str
    asynchronous: bool
    option_name: str

    @property
    def manner(self) -> Manner:
        """How it is called and read."""
        return MANNERS[self.manner_name]

    @property
    def option(self) -> Option:
        """What the client and the call are given."""
        return OPTIONS[self.option_name]

    @property
    def way(self) -> str:
        """Its name without the option."""
        return f"{'async ' if self.asynchronous else ''}{self.method.name}, {self.manner_name}"

    @property
    def name(self) -> str:
        """Its whole name."""
        return f"{self.way}; {self.option_name}"


def cases() -> tuple[list[Case], int]:
    """All cases that the installed SDK has, and the number of the ways that it has not."""
    found: list[Case] = []
    missing = 0
    for asynchronous in (False, True):
        kind: Any = openai.AsyncOpenAI if asynchronous else openai.OpenAI
        sample = kind(api_key=KEY, base_url="http://127.0.0.1:9", http_client=Stage("", asynchronous, print).http())
        for method in METHODS:
            for name, manner in MANNERS.items():
                if not manner.suits(method):
                    continue
                if not method.exists(sample, manner.view):
                    missing += 1
                    continue
                found += (Case(method, name, asynchronous, option) for option in _options(method, name, asynchronous))
    return found, missing


def _options(method: Method, manner_name: str, asynchronous: bool) -> Iterator[str]:
    manner = MANNERS[manner_name]
    for name, option in OPTIONS.items():
        chosen = {
            "usual ways": manner_name in method.usual,
            "all methods": manner.is_main,
            "all ways": True,
        }[option.breadth]
        if chosen and option.suits(method, manner, asynchronous):
            yield name

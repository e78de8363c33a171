"""The cases of the SDKs that Stainless generates: each calling style, sync and async, with the options that apply."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .access_patterns import ACCESS_PATTERNS, AccessPattern
from .case import Case
from .clients import KEY, ClientSetup, run_before_use
from .leaks import httpx_connections
from .methods import Method
from .options import OPTIONS, Option
from .recording_server import RecordingServer
from .sdks import OPENAI, SDK


@dataclass(frozen=True)
class SDKCase(Case):
    """One calling style of an SDK with one option."""

    method: Method

    @property
    def conditions(self) -> Option:
        """Return the options of the client and of the call."""
        return OPTIONS[self.option_name]

    @property
    def client_name(self) -> str:
        """Return the SDK."""
        return self.method.sdk.name

    @property
    def calling_style(self) -> str:
        """Return the name without the option."""
        return f"{'async ' if self.asynchronous else ''}{self.method.name}, {self.pattern_name}"

    @property
    def is_covered(self) -> bool:
        """Return whether the path is instrumented."""
        return self.method.is_covered

    async def open(self, server: RecordingServer, note: Callable[..., None]) -> Any:
        """Return a client that the option makes."""
        url = server.base_url(self.conditions.scenario or self.method.scenario)
        client = self.conditions.make(ClientSetup(self.method.sdk, url, self.asynchronous, note))
        await run_before_use(client)
        return client

    async def read(self, client: Any, note: Callable[..., None]) -> None:
        """Make the call by the access pattern."""

        def call(view: str, **arguments: Any) -> Any:
            given = {name: self._resolved(value) for name, value in self.conditions.arguments.items()}
            return self.method.call(client, view, {**given, **arguments})

        await ACCESS_PATTERNS[self.pattern_name].read(call, note)

    def _resolved(self, value: Any) -> Any:
        return value(self.method.sdk) if callable(value) else value

    def connections(self, client: Any) -> list[str]:
        """Return the connections of the HTTP client."""
        return httpx_connections(getattr(client, "_client", None))

    async def abandon(self, client: Any) -> None:
        """Let the module make a new client for the next case."""
        if client is OPENAI.module:
            client._reset_client()


def sdk_cases(sdk: SDK, methods: tuple[Method, ...]) -> tuple[list[Case], int]:
    """Return the cases that the installed SDK supports, and the number of calling styles that it does not support."""
    found: list[Case] = []
    missing = 0
    for asynchronous in (False, True):
        http = ClientSetup(sdk, "", asynchronous, print).http()
        sample = sdk.client(asynchronous=asynchronous)(api_key=KEY, base_url="http://127.0.0.1:9", http_client=http)
        for method in methods:
            for name, pattern in ACCESS_PATTERNS.items():
                if not pattern.applies(method):
                    continue
                if not method.exists(sample, pattern.view):
                    missing += 1
                    continue
                options = _options(method, name, asynchronous)
                found += (SDKCase(name, asynchronous, option, method) for option in options)
    return found, missing


def _options(method: Method, pattern_name: str, asynchronous: bool) -> Iterator[str]:
    pattern: AccessPattern = ACCESS_PATTERNS[pattern_name]
    for name, option in OPTIONS.items():
        chosen = {
            "representative": pattern_name in method.representative,
            "all methods": pattern.is_main,
            "all patterns": True,
        }[option.scope]
        if chosen and option.applies(method, pattern, asynchronous):
            yield name

"""The options of a client and of a call that are combined with the calling styles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final, Literal

from tests.simulator import Reply

from . import clients
from .access_patterns import AccessPattern
from .case import Conditions
from .clients import Make, plain
from .methods import Method
from .sdks import OPENAI

_RETRIED: Final = {"retry-after-ms": "1"}
_BUSY: Final = Reply([b'{"error": {"message": "busy", "code": 429}}'], status=429, headers=_RETRIED)
_DOWN: Final = Reply([b"down"], "text/plain", status=503, headers=_RETRIED)
_SHOULD_RETRY: Final = Reply([b"{}"], status=400, headers={**_RETRIED, "x-should-retry": "true"})
_HANGS: Final = "hanging"


@dataclass(frozen=True)
class Option(Conditions):
    """One option of an SDK's client or call, and the calling styles that it is combined with."""

    make: Make = field(default_factory=plain)
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The arguments of the call; a callable one is called with the SDK."""
    scope: Literal["representative", "all methods", "all patterns"] = "representative"
    """What it is combined with; "all methods" uses the main access pattern of each method."""
    applies: Callable[[Method, AccessPattern, bool], bool] = lambda *_: True


def _is_streamed(method: Method, _: AccessPattern, __: bool) -> bool:
    return method.streams or method.is_helper


def _is_json(method: Method, _: AccessPattern, __: bool) -> bool:
    return method.verb not in ("list", "get") and "transcription" not in method.name


def _is_sync(_: Method, __: AccessPattern, asynchronous: bool) -> bool:
    return not asynchronous


def _is_async(_: Method, __: AccessPattern, asynchronous: bool) -> bool:
    return asynchronous


def _is_module(method: Method, _: AccessPattern, asynchronous: bool) -> bool:
    return not asynchronous and bool(method.resource) and method.sdk is OPENAI


def _is_openai(method: Method, _: AccessPattern, __: bool) -> bool:
    return method.sdk is OPENAI


def _is_plain_chat(method: Method, pattern: AccessPattern, _: bool) -> bool:
    return method.name in _MAIN_METHODS and pattern.is_main


def _has_aiohttp(method: Method, _: AccessPattern, asynchronous: bool) -> bool:
    client = getattr(method.sdk.module, "DefaultAioHttpClient", None)
    return asynchronous and "MissingAio" not in str(client) and client is not None


def _accepts_key_function(method: Method, _: AccessPattern, __: bool) -> bool:
    client = method.sdk.client(asynchronous=False)
    return "Callable" in str(signature(client.__init__).parameters["api_key"].annotation)


def _has_organization(method: Method, _: AccessPattern, __: bool) -> bool:
    return "project" in signature(method.sdk.client(asynchronous=False).__init__).parameters


_MAIN_METHODS: Final = ("chat", "chat, streamed", "messages", "messages, streamed")


_EXTRA: Final[Mapping[str, Any]] = {
    "extra_headers": {"X-Title": "Call", "X-Mine": "1", "HTTP-Referer": "https://app.example"},
    "extra_query": {"debug": "true", "list": ["a", "b"]},
}
_EXTRA_BODY: Final[Mapping[str, Any]] = {
    "extra_body": {"provider": {"order": ["azure"]}, "usage": {"include": True}, "temperature": 1, "top_k": None}
}

_CALLS: Final[Mapping[str, Option]] = {
    "no option": Option(scope="all patterns"),
    "timeout of the call": Option(arguments={"timeout": 7}),
    "timeout of the call, httpx.Timeout": Option(arguments={"timeout": lambda sdk: sdk.http.Timeout(7, connect=2)}),
    "no timeout of the call": Option(arguments={"timeout": None}),
    "timeout of the client": Option(plain(timeout=lambda setup: setup.sdk.http.Timeout(8, read=5))),
    "timeout of the call expires": Option(arguments={"timeout": 0.05}, scenario=_HANGS, applies=_is_plain_chat),
    "timeout of the client expires": Option(plain(timeout=0.05), scenario=_HANGS, applies=_is_plain_chat),
    "cancelled": Option(
        scenario=_HANGS, cancel_after=0.2, applies=lambda *case: _is_async(*case) and _is_plain_chat(*case)
    ),
    "extra headers and query": Option(arguments=_EXTRA, scope="all methods"),
    "extra body": Option(arguments=_EXTRA_BODY, applies=_is_json),
    "all options of the client": Option(
        plain(
            default_headers={"X-Title": "Client", "X-Omitted": "1"},
            default_query={"client": "1"},
            organization="org",
            project="proj",
            timeout=20,
        ),
        arguments={"extra_headers": {"x-title": "Call"}},
        applies=_has_organization,
    ),
    "with_options": Option(
        clients.derived(timeout=6, max_retries=1, default_headers={"X-Derived": "1"}, default_query={"derived": "1"})
    ),
    "with_options, retried": Option(clients.derived(max_retries=1), first_replies=(_BUSY,)),
    "retried, then successful": Option(plain(max_retries=2), first_replies=(_DOWN, _BUSY), scope="all methods"),
    "retried because of x-should-retry": Option(plain(max_retries=1), first_replies=(_SHOULD_RETRY,)),
    "retried, then failed": Option(plain(max_retries=1), first_replies=(_DOWN, _DOWN, _DOWN)),
    "idempotency": Option(clients.with_idempotency, first_replies=(_DOWN,)),
    "strict validation": Option(plain(_strict_response_validation=True), scope="all methods"),
}
_CLIENTS: Final[Mapping[str, Option]] = {
    "HTTP client with hooks": Option(clients.hooked),
    "HTTP client with a transport": Option(clients.transported),
    "HTTP client of a subclass": Option(clients.subclassed_http),
    "the SDK's HTTP client, passed explicitly": Option(clients.default_http),
    "aiohttp": Option(clients.aiohttp, applies=_has_aiohttp, scope="all methods"),
    "hook that raises": Option(clients.raising(lambda: LookupError("the caller's own"))),
    "hook that interrupts": Option(clients.raising(KeyboardInterrupt), applies=_is_sync),
    "hook that exits": Option(clients.raising(lambda: SystemExit(3)), applies=_is_sync),
    "subclass: request": Option(clients.with_request),
    "subclass: _prepare_options": Option(clients.with_prepared_options),
    "subclass: _prepare_options, deep copy": Option(clients.with_copied_options),
    "subclass: _prepare_request": Option(clients.with_prepared_request),
    "subclass: _process_response": Option(clients.with_processed_response),
    "subclass: base_url": Option(clients.with_base_url_property),
    "subclass: like Azure": Option(clients.azure_like),
    "AzureOpenAI": Option(clients.azure, applies=_is_openai),
    "the module": Option(clients.module, applies=_is_module, scope="all methods", closes_client=False),
    "base_url set later": Option(clients.retargeted),
    "API key function": Option(clients.callable_key, applies=_accepts_key_function),
    "copied client": Option(clients.copied),
    "never closed": Option(closes_client=False),
    "closed before the call": Option(clients.closed_before),
    "connection refused": Option(plain(base_url="http://127.0.0.1:9/api/v1")),
    "concurrent": Option(concurrency=4),
}
_REPLIES: Final[Mapping[str, Option]] = {
    **{
        f"reply: {scenario}": Option(scenario=scenario)
        for scenario in (
            "bad_request",
            "unauthorized",
            "not_found",
            "unprocessable",
            "rate_limited",
            "internal",
            "html_error",
            "error_in_200",
            "error_instead_of_stream",
            "choices_null",
            "whitespace",
            "empty",
            "empty_stream",
            "cut",
            "tools",
            "refusal",
            "served_elsewhere",
        )
    },
    "reply: error_in_stream": Option(scenario="error_in_stream", applies=_is_streamed),
    "reply: long": Option(scenario="long", applies=_is_plain_chat),
}
OPTIONS: Final[Mapping[str, Option]] = {**_CALLS, **_CLIENTS, **_REPLIES}

"""The options of a client and of a call that are crossed with the ways of calling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final, Literal

import openai

from tests.simulator import Reply

from . import clients
from .access_patterns import Manner
from .clients import Make, httpx, plain
from .methods import Method

_RETRIED: Final = {"retry-after-ms": "1"}
_BUSY: Final = Reply([b'{"error": {"message": "busy", "code": 429}}'], status=429, headers=_RETRIED)
_DOWN: Final = Reply([b"down"], "text/plain", status=503, headers=_RETRIED)
_ASKED_AGAIN: Final = Reply([b"{}"], status=400, headers={**_RETRIED, "x-should-retry": "true"})
_HANGS: Final = "hanging"


@dataclass(frozen=True)
class Option:
    """One option, and which ways it is crossed with."""

    make: Make = field(default_factory=plain)
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the call is given."""
    scenario: str = ""
    """What is answered, in place of the method's own."""
    first: tuple[Reply, ...] = ()
    """What is answered before."""
    breadth: Literal["usual ways", "all methods", "all ways"] = "usual ways"
    """What it is crossed with; all methods: each as it is called most."""
    suits: Callable[[Method, Manner, bool], bool] = lambda *_: True
    closes: bool = True
    """Whether the client is closed when the call is done."""
    at_once: int = 1
    """So many calls at the same time, in threads or tasks."""
    patience: float | None = None
    """Seconds after which the task is cancelled."""


def _is_streamed(method: Method, _: Manner, __: bool) -> bool:
    return method.streams or method.is_helper


def _is_json(method: Method, _: Manner, __: bool) -> bool:
    return method.verb not in ("list", "get") and "transcription" not in method.name


def _is_sync(_: Method, __: Manner, asynchronous: bool) -> bool:
    return not asynchronous


def _is_async(_: Method, __: Manner, asynchronous: bool) -> bool:
    return asynchronous


def _is_module(method: Method, _: Manner, asynchronous: bool) -> bool:
    return not asynchronous and bool(method.resource)


def _is_plain_chat(method: Method, manner: Manner, _: bool) -> bool:
    return method.name in ("chat", "chat, streamed") and manner.is_main


def _has_aiohttp(_: Method, __: Manner, asynchronous: bool) -> bool:
    return asynchronous and "MissingAio" not in str(clients.AIO) and clients.AIO is not None


def _takes_called_key(_: Method, __: Manner, ___: bool) -> bool:
    return "Callable" in str(signature(openai.OpenAI.__init__).parameters["api_key"].annotation)


_EXTRA: Final[Mapping[str, Any]] = {
    "extra_headers": {"X-Title": "Call", "X-Mine": "1", "HTTP-Referer": "https://app.example"},
    "extra_query": {"debug": "true", "list": ["a", "b"]},
}
_EXTRA_BODY: Final[Mapping[str, Any]] = {
    "extra_body": {"provider": {"order": ["azure"]}, "usage": {"include": True}, "temperature": 1, "top_k": None}
}

_CALLS: Final[Mapping[str, Option]] = {
    "nothing": Option(breadth="all ways"),
    "timeout of the call": Option(more={"timeout": 7}),
    "timeout of the call, in parts": Option(more={"timeout": httpx.Timeout(7, connect=2)}),
    "no timeout of the call": Option(more={"timeout": None}),
    "timeout of the client": Option(plain(timeout=httpx.Timeout(8, read=5))),
    "timeout that comes": Option(more={"timeout": 0.05}, scenario=_HANGS, suits=_is_plain_chat),
    "timeout of the client that comes": Option(plain(timeout=0.05), scenario=_HANGS, suits=_is_plain_chat),
    "cancelled": Option(
        scenario=_HANGS, patience=0.05, suits=lambda *given: _is_async(*given) and _is_plain_chat(*given)
    ),
    "extra headers and query": Option(more=_EXTRA, breadth="all methods"),
    "extra body": Option(more=_EXTRA_BODY, suits=_is_json),
    "all of a client": Option(
        plain(
            default_headers={"X-Title": "Client", "X-Omitted": "1"},
            default_query={"client": "1"},
            organization="org",
            project="proj",
            timeout=20,
        ),
        more={"extra_headers": {"x-title": "Call"}},
    ),
    "with_options": Option(
        clients.derived(timeout=6, max_retries=1, default_headers={"X-Derived": "1"}, default_query={"derived": "1"})
    ),
    "with_options, retried": Option(clients.derived(max_retries=1), first=(_BUSY,)),
    "retried, then good": Option(plain(max_retries=2), first=(_DOWN, _BUSY), breadth="all methods"),
    "retried where it says so": Option(plain(max_retries=1), first=(_ASKED_AGAIN,)),
    "retried in vain": Option(plain(max_retries=1), first=(_DOWN, _DOWN, _DOWN)),
    "idempotency": Option(clients.with_idempotency, first=(_DOWN,)),
    "strict validation": Option(plain(_strict_response_validation=True), breadth="all methods"),
}
_CLIENTS: Final[Mapping[str, Option]] = {
    "own HTTP client with hooks": Option(clients.hooked),
    "own HTTP client with a transport": Option(clients.transported),
    "own HTTP client of a subclass": Option(clients.subclassed_http),
    "the SDK's HTTP client, named": Option(clients.default_http),
    "aiohttp": Option(clients.aiohttp, suits=_has_aiohttp, breadth="all methods"),
    "hook that raises": Option(clients.raising(lambda: LookupError("the caller's own"))),
    "hook that interrupts": Option(clients.raising(KeyboardInterrupt), suits=_is_sync),
    "hook that cancels": Option(clients.raising(lambda: SystemExit(3)), suits=_is_sync),
    "subclass: request": Option(clients.with_request),
    "subclass: _prepare_options": Option(clients.with_prepared_options),
    "subclass: _prepare_options, copied whole": Option(clients.with_copied_options),
    "subclass: _prepare_request": Option(clients.with_prepared_request),
    "subclass: _process_response": Option(clients.with_processed_response),
    "subclass: base_url": Option(clients.with_base_url_property),
    "subclass: like Azure": Option(clients.azure_like),
    "AzureOpenAI": Option(clients.azure),
    "the module": Option(clients.module, suits=_is_module, breadth="all methods", closes=False),
    "base_url set later": Option(clients.retargeted),
    "key that is called": Option(clients.called_key, suits=_takes_called_key),
    "copied client": Option(clients.copied),
    "never closed": Option(closes=False),
    "closed before": Option(clients.closed_before),
    "nobody listens": Option(plain(base_url="http://127.0.0.1:9/api/v1")),
    "at once": Option(at_once=4),
}
_ANSWERS: Final[Mapping[str, Option]] = {
    **{
        f"answer: {scenario}": Option(scenario=scenario)
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
    "answer: error_in_stream": Option(scenario="error_in_stream", suits=_is_streamed),
    "answer: long": Option(scenario="long", suits=_is_plain_chat),
}
OPTIONS: Final[Mapping[str, Option]] = {**_CALLS, **_CLIENTS, **_ANSWERS}

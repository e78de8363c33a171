"""The options that are combined with the ways of reading: of a client, of a request, and replies of the server."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulator import CANNED_REPLIES, Chat, Reply
from tests.simulator.canned_reply import Cut

from . import http_setups as setups
from .case import Conditions
from .http_clients import HEADERS, Setup

Body = Mapping[str, Any]


def _is_requests(library: str, _: bool) -> bool:
    return library == "requests"


def _is_aiohttp(library: str, _: bool) -> bool:
    return library == "aiohttp"


def _has_module_functions(library: str, asynchronous: bool) -> bool:
    return library != "aiohttp" and not asynchronous


def _is_async(_: str, asynchronous: bool) -> bool:
    return asynchronous


def as_json(_: Setup, body: Body) -> Body:
    """Return the arguments of a request with JSON."""
    return {"json": dict(body), "headers": HEADERS}


def _as_bytes(setup: Setup, body: Body) -> Body:
    headers = {**HEADERS, "Content-Type": "application/json"}
    return {_data(setup): json.dumps(body).encode(), "headers": headers}


def _as_generator(setup: Setup, body: Body) -> Body:
    pieces = [json.dumps(body).encode()[:10], json.dumps(body).encode()[10:]]

    def generate() -> Iterator[bytes]:
        yield from pieces

    async def generate_async() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return {_data(setup): generate_async() if setup.asynchronous else generate(), "headers": HEADERS}


def _as_fields(_: Setup, body: Body) -> Body:
    return {"data": {"model": body["model"]}, "headers": HEADERS}


def _without_body(*_: object) -> Body:
    return {"headers": HEADERS}


def _data(setup: Setup) -> str:
    return "content" if setup.library.startswith("httpx") else "data"


@dataclass(frozen=True)
class HTTPOption(Conditions):
    """One option."""

    make: Callable[[Setup], Any] = Setup.make
    arguments: Callable[[Setup], Body] | Body = field(default_factory=dict[str, Any])
    """More arguments of the request."""
    send_as: Callable[[Setup, Body], Body] = as_json
    """Returns the arguments that contain the body."""
    applies: Callable[[str, bool], bool] = lambda *_: True
    """Takes the library, and whether the client is async."""
    has_relative_url: bool = False
    url: str = ""
    """The URL of the API instead of the server's."""


_STREAM: Final = b"".join(
    each for each in CANNED_REPLIES["hello"].reply(Chat(), stream=True).pieces if isinstance(each, bytes)
)
_WHOLE: Final = json.dumps(Chat().body(CANNED_REPLIES["hello"])).encode()
_EVENTS: Final = "text/event-stream"
_REDIRECT: Final = Reply([b"moved"], "text/plain", status=307, headers={"location": "?again=1"})
_DOWN: Final = Reply([b"down"], "text/plain", status=503)


def _encoded(encoding: str, content: bytes, content_type: str = "application/json", *end: Cut) -> HTTPOption:
    pieces = [content[at : at + 17] for at in range(0, len(content), 17)]
    return HTTPOption(first_replies=(Reply([*pieces, *end], content_type, headers={"content-encoding": encoding}),))


_REQUESTS: Final[Mapping[str, HTTPOption]] = {
    "no option": HTTPOption(),
    "bytes": HTTPOption(send_as=_as_bytes),
    "generator": HTTPOption(send_as=_as_generator),
    "fields of a form": HTTPOption(send_as=_as_fields),
    "no body": HTTPOption(send_as=_without_body),
    "parameters and cookies": HTTPOption(
        arguments={"params": {"debug": "1"}, "cookies": {"a": "b"}}, applies=lambda library, _: library != "httpx2"
    ),
    "timeout": HTTPOption(arguments=setups.timeout(9)),
    "timeout expires": HTTPOption(scenario="hanging", arguments=setups.timeout(0.05)),
    "cancelled": HTTPOption(scenario="hanging", cancel_after=0.2, applies=_is_async),
    "connection refused": HTTPOption(url="http://127.0.0.1:9/api/v1"),
    "redirect": HTTPOption(setups.following_redirects, first_replies=(_REDIRECT,)),
    "redirect, not followed": HTTPOption(arguments=setups.no_redirects, first_replies=(_REDIRECT,)),
    # How many connections aiohttp uses for these differs from run to run.
    "too many redirects": HTTPOption(
        setups.following_redirects, first_replies=(_REDIRECT,) * 4, applies=lambda library, _: library != "aiohttp"
    ),
    "concurrent": HTTPOption(concurrency=4),
}
_CLIENTS: Final[Mapping[str, HTTPOption]] = {
    "options of the client": HTTPOption(setups.with_options),
    "credentials of the client": HTTPOption(setups.with_credentials),
    "base URL of the client": HTTPOption(
        setups.with_base_url, has_relative_url=True, applies=lambda library, _: library != "requests"
    ),
    "hooks": HTTPOption(setups.hooked),
    "hook that raises": HTTPOption(setups.raising(lambda: LookupError("the caller's own"))),
    "hook that interrupts": HTTPOption(
        setups.raising(KeyboardInterrupt), applies=lambda _, asynchronous: not asynchronous
    ),
    "hook that raises for the status": HTTPOption(setups.raising_for_status, scenario="rate_limited"),
    "hook that reads": HTTPOption(setups.reading, applies=lambda library, _: library != "aiohttp"),
    "single connection": HTTPOption(setups.with_one_connection),
    "subclass": HTTPOption(setups.subclassed),
    "retries": HTTPOption(setups.retrying, first_replies=(_DOWN, _DOWN), applies=_is_requests),
    "stream by default": HTTPOption(setups.streaming, applies=_is_requests),
    "raise_for_status of the client": HTTPOption(setups.checking, scenario="rate_limited", applies=_is_aiohttp),
    "not decompressed": HTTPOption(
        setups.not_decompressing,
        first_replies=(Reply([gzip.compress(_STREAM)], _EVENTS, headers={"content-encoding": "gzip"}),),
        applies=_is_aiohttp,
    ),
    "the module": HTTPOption(setups.module, applies=_has_module_functions, closes_client=False),
    "never closed": HTTPOption(closes_client=False),
    "closed before the request": HTTPOption(setups.closed, closes_client=False),
}
_REPLIES: Final[Mapping[str, HTTPOption]] = {
    **{
        f"reply: {scenario}": HTTPOption(scenario=scenario)
        for scenario in (
            "bad_request",
            "rate_limited",
            "html_error",
            "error_in_200",
            "error_in_stream",
            "error_instead_of_stream",
            "html",
            "no_body",
            "not_utf8",
            "cut_json",
            "cut",
            "whitespace",
            "empty_stream",
            "tools",
            "served_elsewhere",
        )
    },
    "reply: gzip": _encoded("gzip", gzip.compress(_WHOLE)),
    "reply: gzip, events": _encoded("gzip", gzip.compress(_STREAM), _EVENTS),
    "reply: deflate, events": _encoded("deflate", zlib.compress(_STREAM), _EVENTS),
    "reply: an unknown encoding": _encoded("unknown", _STREAM, _EVENTS),
    "reply: gzip, damaged": _encoded("gzip", gzip.compress(_STREAM)[:60] + b"damaged" * 20, _EVENTS),
    "reply: gzip, cut": _encoded("gzip", gzip.compress(_STREAM)[:90], _EVENTS, Cut()),
    "reply: not a stream of events": HTTPOption(first_replies=(Reply([bytes(range(256)) * 4], _EVENTS),)),
    "reply: line ends": HTTPOption(
        first_replies=(Reply([b"data: {}\r", b"\n\r\ndata: [D", b"ONE]\r\n\r\n", b"after"], _EVENTS),)
    ),
}
HTTP_OPTIONS: Final[Mapping[str, HTTPOption]] = {**_REQUESTS, **_CLIENTS, **_REPLIES}

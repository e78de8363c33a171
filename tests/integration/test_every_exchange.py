"""Every exchange of the simulator through every client that can make it: the span is that of the OpenAI SDK.

The reference is the span of `client.post` of the OpenAI SDK for the same bytes. `test_spans`, `test_http_libraries`,
`test_anthropic_sdk` and `test_openrouter_sdk` compare with attributes that are written down, in all calling styles.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import anthropic
import openai
import pytest

from tests.anthropic_styles import OPTIONS as ANTHROPIC_OPTIONS
from tests.calling_styles import OPTIONS, outcome
from tests.http_calling_styles import NON_STREAMED, READ
from tests.simulator import CANNED_REPLIES, Simulator
from tests.telemetry import Telemetry, span_data

_MODEL: Final = "openai/gpt-4o-mini"
_CHAT: Final[dict[str, Any]] = {"model": _MODEL, "messages": [{"role": "user", "content": "Say hello."}]}
REQUESTS: Final[Mapping[str, dict[str, Any]]] = {
    "/chat/completions": _CHAT,
    "/completions": {"model": _MODEL, "prompt": "Say hello."},
    "/responses": {"model": _MODEL, "input": "Say hello."},
    "/messages": {**_CHAT, "max_tokens": 300},
    "/embeddings": {"model": _MODEL, "input": "Hello"},
    "/rerank": {"model": _MODEL, "query": "cats", "documents": ["a cat", "a dog"]},
    "/images": {"model": _MODEL, "prompt": "A cat"},
    "/images/generations": {"model": _MODEL, "prompt": "A cat"},
    "/audio/speech": {"model": _MODEL, "input": "Hello", "voice": "alloy"},
    "/audio/transcriptions": {"model": _MODEL, "input_audio": {"data": "AAA=", "format": "wav"}},
}
STREAMED: Final = ("/chat/completions", "/completions", "/responses", "/messages", "/images", "/audio/transcriptions")
SLOW: Final = ("slow", "hanging", "long")
"""The replies that only take long."""

Post = Callable[[str, str, dict[str, Any]], Any]
"""Takes the base URL, the path and the body."""


def _sdk(package: Any, client_class: Any, options: Mapping[str, Any], prefix: str) -> Post:
    def post(base_url: str, path: str, body: dict[str, Any]) -> Any:
        stream: dict[str, Any] = {}
        if body.get("stream"):
            stream = {"stream": True, "stream_cls": package.Stream[object]}
        with client_class(base_url=base_url.removesuffix(prefix), **options) as client:
            result = client.post(prefix + path, cast_to=object, body=body, **stream)
            return list(result) if stream else result

    return post


def _http(style: Callable[[str, dict[str, Any]], Any]) -> Post:
    return lambda base_url, path, body: style(base_url + path, body)


REFERENCE: Final = _sdk(openai, openai.OpenAI, OPTIONS, "")
CLIENTS: Final[Mapping[str, Post]] = {
    "anthropic": _sdk(anthropic, anthropic.Anthropic, ANTHROPIC_OPTIONS, "/v1"),
    **{
        name: _http(style)
        for name, style in {**NON_STREAMED, **READ}.items()
        if name in ("httpx iter_lines", "httpx2 aiter_raw", "requests iter_lines", "aiohttp readline")
    },
}


def _is_possible(client: str, path: str, *, streamed: bool) -> bool:
    # Before it had the Responses API, the OpenAI SDK did not return the data of named events as they are.
    if streamed and path == "/messages" and not hasattr(openai.OpenAI, "responses"):
        return False
    # The Anthropic SDK ignores events without the names of its own API.
    return not (streamed and client == "anthropic" and path != "/messages")


def _cases() -> Iterator[Any]:
    for path in REQUESTS:
        for streamed in (False, True) if path in STREAMED else (False,):
            for client in CLIENTS:
                if _is_possible(client, path, streamed=streamed):
                    yield pytest.param(
                        path, streamed, client, id=f"{path}-{'streamed' if streamed else 'plain'}-{client}"
                    )


@dataclass(frozen=True)
class Difference:
    """What may differ from the reference, and why."""

    replies: frozenset[str]
    fields: frozenset[str]
    why: str
    paths: frozenset[str] = frozenset(REQUESTS)
    clients: frozenset[str] = frozenset(CLIENTS)
    streamed: tuple[bool, ...] = (False, True)


DIFFERENCES: Final = (
    Difference(
        frozenset({"cut"}),
        frozenset({"description", "gen_ai.response.id"}),
        "the description is the message of the client's exception; an HTTP library has the headers before the body fails",
    ),
    Difference(
        frozenset({"empty_stream"}),
        frozenset({"error.type"}),
        "the SDK parses JSON, because no stream was requested; the HTTP level reads the events that arrive",
        streamed=(False,),
    ),
    Difference(
        frozenset({"event_too_deep"}),
        frozenset({"error.type"}),
        "the Anthropic SDK ignores an event without a name, so that its stream is empty",
        clients=frozenset({"anthropic"}),
        streamed=(True,),
    ),
    Difference(
        frozenset({"html", "no_body", "null_body", "list_body", "string_body", "number_body", "not_utf8", "cut_json"})
        | {"too_deep", "event_too_deep", "empty_stream"},
        frozenset({"status", "error.type"}),
        "the SDK is asked for JSON here; any bytes may be audio or a transcript",
        paths=frozenset({"/audio/speech", "/audio/transcriptions"}),
    ),
)


_references: dict[tuple[str, str, bool], dict[str, Any]] = {}


def _span(telemetry: Telemetry, post: Post, base_url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    telemetry.exporter.clear()
    outcome(lambda *_: post(base_url, path, json.loads(json.dumps(body))), "", {})
    span = span_data(telemetry.one_span())
    telemetry.exporter.clear()
    return span


def _different(expected: dict[str, Any], span: dict[str, Any]) -> dict[str, Any]:
    """Return the fields and the attributes that differ, with both values."""
    fields = {**expected, **expected["attributes"]}
    others = {**span, **span["attributes"]}
    names = {*fields, *others} - {"attributes"}
    return {name: (fields.get(name), others.get(name)) for name in names if fields.get(name) != others.get(name)}


@pytest.mark.parametrize(("path", "streamed", "client"), list(_cases()))
def test_exchanges(telemetry: Telemetry, openrouter: Simulator, path: str, streamed: bool, client: str) -> None:
    """Each canned reply gives the same span, but for the differences that are named."""
    body = {**REQUESTS[path], **({"stream": True} if streamed else {})}
    found: dict[str, Any] = {}
    for name in CANNED_REPLIES:
        if name in SLOW:
            continue
        base_url = openrouter.base_url(name)
        key = (base_url, path, streamed)
        if key not in _references:
            _references[key] = _span(telemetry, REFERENCE, base_url, path, body)
        allowed = {
            field
            for each in DIFFERENCES
            if name in each.replies and path in each.paths and client in each.clients and streamed in each.streamed
            for field in each.fields
        }
        different = _different(_references[key], _span(telemetry, CLIENTS[client], base_url, path, body))
        if different.keys() - allowed:
            found[name] = different
    assert found == {}

"""OpenRouter's own SDK: each scenario in each calling style gives the same span, and the SDK behaves as before."""

import asyncio
import gc
import json
import operator
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import base
from opentelemetry.instrumentation.utils import suppress_instrumentation

from tests.calling_styles import outcome
from tests.scenarios import REQUEST_ATTRIBUTES, SCENARIOS, ExpectedSpan, Scenario
from tests.simulator import CANNED_REPLIES, Reply, Simulator
from tests.telemetry import Telemetry, expected_span, span_data

openrouter_sdk = pytest.importorskip("openrouter")

# Endpoint -> resource and method of the SDK.
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "chat": ("chat", "send"),
    "responses": ("responses" if hasattr(openrouter_sdk.OpenRouter, "responses") else "beta.responses", "send"),
    "embeddings": ("embeddings", "generate"),
    "rerank": ("rerank", "rerank"),
    # Older releases do not have these.
    **({"systemone": ("system_one", "create")} if find_spec("openrouter.systemone") else {}),
    **({"videos": ("video_generation", "generate")} if find_spec("openrouter.video_generation") else {}),
    **({"batches": ("batch", "create_batches")} if find_spec("openrouter.batch") else {}),
}


def _method(sdk: Any, endpoint: str, *, is_async: bool = False) -> Any:
    resource, method = METHODS[endpoint]
    return getattr(operator.attrgetter(resource)(sdk), method + ("_async" if is_async else ""))


def _sdk(base_url: str, **options: Any) -> Any:
    return openrouter_sdk.OpenRouter(api_key="sk-or-canary", server_url=base_url, retry_config=None, **options)


def _to_data(result: Any) -> Any:
    return result.model_dump(mode="json", warnings=False) if hasattr(result, "model_dump") else result


def _send(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    with _sdk(base_url) as sdk:
        return _to_data(_method(sdk, endpoint)(**request))


def _stream(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    with _sdk(base_url) as sdk, _method(sdk, endpoint)(**request, stream=True) as stream:
        return [_to_data(chunk) for chunk in stream]


def _stream_without_with(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    with _sdk(base_url) as sdk:
        return [_to_data(chunk) for chunk in _method(sdk, endpoint)(**request, stream=True)]


def _async_send(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with _sdk(base_url) as sdk:
            return _to_data(await _method(sdk, endpoint, is_async=True)(**request))

    return asyncio.run(main())


def _async_stream(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with _sdk(base_url) as sdk, await _method(sdk, endpoint, is_async=True)(**request, stream=True) as stream:
            return [_to_data(chunk) async for chunk in stream]

    return asyncio.run(main())


NON_STREAMED: Final[Mapping[str, Callable[..., Any]]] = {"send": _send, "async send": _async_send}
STREAMED: Final[Mapping[str, Callable[..., Any]]] = {
    "stream": _stream,
    "stream without with": _stream_without_with,
    "async stream": _async_stream,
}
_PLAIN: Final = {
    *("model", "messages", "input", "query", "documents"),
    *("state", "questions", "prompt", "endpoint", "requests"),
}
# The SDK's models reject some chunks of these streams, and it raises before their end, which is not observed.
_REJECTED: Final = {"content_blocks", "event_too_deep"} | (
    {"every_part", "error_in_stream_without_usage"} if openrouter_sdk.__version__.startswith("0.9.") else set()
)


def _cases() -> Iterator[Any]:
    for endpoint in METHODS:
        for name, scenario in SCENARIOS[endpoint].items():
            if scenario.request.keys() - _PLAIN:  # this SDK renames some fields and does not accept others
                continue
            for expected, table in ((scenario.non_streamed, NON_STREAMED), (scenario.streamed, STREAMED)):
                for style_name, call in table.items() if expected is not None else ():
                    if table is STREAMED and (endpoint not in {"chat", "responses"} or name in _REJECTED):
                        continue
                    yield pytest.param(
                        endpoint,
                        scenario.reply_name or name,
                        scenario,
                        call,
                        expected,
                        table is STREAMED,
                        id=f"{endpoint}-{name}-{style_name}",
                    )


@pytest.mark.parametrize(("endpoint", "reply_name", "scenario", "call", "expected", "streamed"), list(_cases()))
def test_scenarios(
    telemetry: Telemetry,
    openrouter: Simulator,
    endpoint: str,
    reply_name: str,
    scenario: Scenario,
    call: Callable[..., Any],
    expected: ExpectedSpan,
    streamed: bool,
) -> None:
    """The span equals that of the OpenAI SDK, and the caller's result is unchanged."""
    base_url = openrouter.base_url(reply_name)

    def style(url: str, request: dict[str, Any]) -> Any:
        return call(endpoint, url, request)

    result = outcome(style, base_url, scenario.request)
    span = telemetry.one_span()
    request_attributes: dict[str, Any] = {
        **REQUEST_ATTRIBUTES,
        **scenario.request_attributes,
        "server.port": urllib.parse.urlsplit(base_url).port,
    }
    if streamed:
        request_attributes["gen_ai.request.stream"] = True
    found = span_data(span)
    found["attributes"].pop("openrouter.request.service_tier", None)  # this SDK sends `auto` in each request
    assert found == expected_span(
        f"{request_attributes['gen_ai.operation.name']} openai/gpt-4o-mini",
        {**request_attributes, **expected.attributes},
        status=expected.status,
        description=expected.description,
    )
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(style, base_url, scenario.request)
    assert telemetry.raw_spans == [span]


MESSAGES: Final[Any] = [{"role": "user", "content": "Say hello."}]


def _chat(base_url: str, **request: Any) -> Any:
    with _sdk(base_url) as sdk:
        return sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, **request)


def test_request_attributes(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Parameters, routing and headers are read from the request; credentials are not."""
    with _sdk(openrouter.base_url("hello"), http_referer="https://app.example", x_open_router_title="App") as sdk:
        sdk.chat.send(
            model="openai/gpt-4o-mini",
            messages=MESSAGES,
            temperature=0.5,
            provider={"order": ["azure"], "allow_fallbacks": False},
            user="u-1",
            session_id="s-1",
        )
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["openrouter.request.provider.order"] == ("azure",)
    assert attributes["openrouter.request.provider.allow_fallbacks"] is False
    assert attributes["user.id"] == "u-1"
    assert attributes["session.id"] == attributes["gen_ai.conversation.id"] == "s-1"
    assert attributes["openrouter.app.url"] == "https://app.example"
    assert attributes["openrouter.app.title"] == "App"
    assert "canary" not in str(attributes)


def test_content(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A stream has the same content as the non-streamed response."""
    telemetry.reinstrument(capture_content="span_only")
    _chat(openrouter.base_url("reasoning"))
    with _sdk(openrouter.base_url("reasoning")) as sdk:
        list(sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True))
    whole, streamed = (dict(span.attributes or {}) for span in telemetry.raw_spans)
    messages = json.loads(str(whole["gen_ai.output.messages"]))
    assert [part["type"] for part in messages[0]["parts"]] == ["reasoning", "text"]
    assert streamed["gen_ai.output.messages"] == whole["gen_ai.output.messages"]


def test_any_server_is_openrouter(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Every call of OpenRouter's own SDK is traced, whatever its server URL."""
    telemetry.reinstrument([])
    _chat(openrouter.base_url("hello"))
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_other_paths(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A request that is not an inference call does not create a span."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        outcome(lambda *_: sdk.models.list(), "", {})
        outcome(lambda *_: sdk.generations.get_generation(id="gen-1"), "", {})
    assert not telemetry.raw_spans


def test_left_early(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A stream that is closed early is cancelled at once; a garbage-collected one, at the next call."""

    def abandon(sdk: Any) -> None:
        next(sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True))

    with _sdk(openrouter.base_url("slow")) as sdk:
        with sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True) as stream:
            next(stream)
        del stream
        assert (telemetry.one_span().attributes or {})["openrouter.stream.cancelled"] is True
        abandon(sdk)
        gc.collect()
    _chat(openrouter.base_url("hello"))
    dropped, after = telemetry.raw_spans[1:]
    assert (dropped.attributes or {})["openrouter.stream.cancelled"] is True
    assert "openrouter.stream.cancelled" not in (after.attributes or {})
    assert not telemetry.started.open


def test_done_event_ends_the_call(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The span ends when `[DONE]` is read, even if the caller neither reads on nor closes the stream."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        stream = sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True)
        chunks = [next(stream) for _ in range(len(CANNED_REPLIES["hello"].deltas) + 2)]
        assert chunks[-1].usage is not None
        assert next(stream, None) is None
        assert "openrouter.stream.cancelled" not in (telemetry.one_span().attributes or {})


def test_audio(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A body that is not JSON stays unread until the caller reads it."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        response = sdk.tts.create_speech(model="openai/gpt-4o-mini", input="Hello", voice="alloy")
        assert not telemetry.raw_spans
        assert response.read()
    span = telemetry.one_span()
    assert span.name == "speech openai/gpt-4o-mini"
    assert span.status.is_unset


@pytest.mark.parametrize("stream", [False, True])
def test_json_read_in_pieces(telemetry: Telemetry, openrouter: Simulator, stream: bool) -> None:
    """A JSON body is folded, however the SDK reads it, whatever its length, even if a stream was requested."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.5}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "long " * 20_000}}
    body = {
        "id": "gen-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
        "system_fingerprint": None,
    }
    openrouter.verbatim["whole"] = Reply([json.dumps(body).encode()])
    response = _chat(openrouter.base_url("whole"), stream=stream)
    span = telemetry.one_span()
    assert response.id == "gen-1"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.5
    assert span.status.is_unset
    assert "error.type" not in (span.attributes or {})


def test_audio_read_in_pieces(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A body that is not JSON, read in pieces, is not an empty stream."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        response = sdk.tts.create_speech(model="openai/gpt-4o-mini", input="Hello", voice="alloy")
        assert b"".join(response.iter_bytes())
    assert telemetry.one_span().status.is_unset


def test_forms(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A multipart request is traced without the attributes of its fields."""
    openrouter.verbatim["form"] = Reply([b'{"text": "Hello", "usage": {"cost": 0.001, "seconds": 2.0}}'])
    with _sdk(openrouter.base_url("form")) as sdk:
        if not hasattr(sdk.stt, "create_transcription_multipart"):
            pytest.skip("this SDK sends no forms")
        sdk.stt.create_transcription_multipart(model="m", file={"file_name": "a.wav", "content": b"RIFF"})
    span = telemetry.one_span()
    assert span.name == "transcription"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.001


def test_retries_are_one_call(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The SDK's retries are part of one span."""
    unused: Any = None  # a reply with an error status does not need the wire format
    failing = CANNED_REPLIES["bad_gateway"].reply(unused, stream=False)
    succeeding = Reply([json.dumps({"id": "gen-1", "choices": [], "usage": {"cost": 0.5}}).encode()])
    openrouter.verbatim["retried"] = [replace(failing, status=503), succeeding]
    backoff = openrouter_sdk.utils.BackoffStrategy(1, 2, 1.0, 5000)
    retries = openrouter_sdk.utils.RetryConfig("backoff", backoff, retry_connection_errors=False)
    outcome(lambda *_: _chat(openrouter.base_url("retried"), retries=retries), "", {})
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.5


def test_unreachable(telemetry: Telemetry) -> None:
    """A connection error sets `error.type` and is raised unchanged."""
    kind, *_ = outcome(lambda *_: _chat("http://127.0.0.1:9/api/v1"), "", {})
    assert kind.__module__.startswith("httpx")
    assert (telemetry.one_span().attributes or {})["error.type"] == "connection"


def test_span_is_current_while_sending(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The span is current while the SDK sends the request, and the caller's context is restored."""
    current_spans: list[trace.Span] = []

    class Hook:
        def before_request(self, _: Any, request: Any) -> Any:
            current_spans.append(trace.get_current_span())
            return request

    with _sdk(openrouter.base_url("hello")) as sdk:
        sdk.sdk_configuration.__dict__["_hooks"].register_before_request_hook(Hook())
        sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES)
    assert current_spans[0].get_span_context() == telemetry.one_span().context
    assert not trace.get_current_span().is_recording()


def test_uninstrument(telemetry: Telemetry, openrouter: Simulator) -> None:
    """`uninstrument()` restores the class, also for existing clients."""
    from openrouter.basesdk import BaseSDK  # noqa: PLC0415 - without the SDK, the module is skipped

    patched = BaseSDK.do_request
    with _sdk(openrouter.base_url("hello")) as sdk:
        OpenRouterInstrumentor().uninstrument()
        sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES)
        assert not telemetry.raw_spans
    assert BaseSDK.do_request is not patched
    assert not hasattr(BaseSDK.do_request, "__wrapped__")


def test_suppressed(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A call under `suppress_instrumentation()` is not traced."""
    with suppress_instrumentation():
        _chat(openrouter.base_url("hello"))
    assert not telemetry.raw_spans


def test_imported_after_uninstrument(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of the SDK after `uninstrument()` patches nothing."""
    hooks: list[Callable[[Any], None]] = []
    monkeypatch.setattr(base, "when_imported", lambda _, do: hooks.append(do))
    OpenRouterInstrumentor().instrument()
    OpenRouterInstrumentor().uninstrument()
    for hook in hooks:
        hook(object())


LAZY = """
import sys
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
instrumentor = OpenRouterInstrumentor()
instrumentor.instrument()
assert "openrouter" not in sys.modules
{between}
from openrouter.basesdk import BaseSDK
print(hasattr(BaseSDK.do_request, "__wrapped__"))
"""


@pytest.mark.parametrize(("between", "patched"), [("", "True"), ("instrumentor.uninstrument()", "False")])
def test_not_imported_by_instrument(between: str, patched: str) -> None:
    """`instrument()` does not import the SDK; the SDK is patched when the program imports it."""
    script = LAZY.format(between=between)
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert completed.stdout.strip() == patched, completed.stderr


def test_without_the_openai_sdk() -> None:
    """OpenRouter's SDK is instrumented without the OpenAI SDK."""
    script = """
import sys
import opentelemetry.instrumentation.dependencies as dependencies
real = dependencies.version
def version(name):
    if name == "openai":
        raise dependencies.PackageNotFoundError(name)
    return real(name)
dependencies.version = version
sys.modules["openai"] = None
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
OpenRouterInstrumentor().instrument()
assert OpenRouterInstrumentor().is_instrumented_by_opentelemetry
from openrouter.basesdk import BaseSDK
assert hasattr(BaseSDK.do_request, "__wrapped__")
"""
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 0, completed.stderr
    assert not completed.stderr

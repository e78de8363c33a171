"""OpenRouter's own SDK: the same spans from the same floors, each scenario in each way of calling, and its manners."""

import asyncio
import gc
import json
import operator
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import openrouter as _openrouter_sdk
from opentelemetry.instrumentation.utils import suppress_instrumentation

from tests.calling_styles import outcome
from tests.scenarios import ASKED, SCENARIOS, Expected, Scenario
from tests.simulator import CANNED_REPLIES, Reply, Simulator
from tests.telemetry import Telemetry, expected, seen

openrouter_sdk = pytest.importorskip("openrouter")

# Where the SDK keeps the method of a path.
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "chat": ("chat", "send"),
    "responses": ("responses" if hasattr(openrouter_sdk.OpenRouter, "responses") else "beta.responses", "send"),
    "embeddings": ("embeddings", "generate"),
    "rerank": ("rerank", "rerank"),
}


def _method(sdk: Any, endpoint: str, *, is_async: bool = False) -> Any:
    resource, method = METHODS[endpoint]
    return getattr(operator.attrgetter(resource)(sdk), method + ("_async" if is_async else ""))


def _sdk(base_url: str, **options: Any) -> Any:
    return openrouter_sdk.OpenRouter(api_key="sk-or-canary", server_url=base_url, retry_config=None, **options)


def _plain(answer: Any) -> Any:
    return answer.model_dump(mode="json", warnings=False) if hasattr(answer, "model_dump") else answer


def _send(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    with _sdk(base_url) as sdk:
        return _plain(_method(sdk, endpoint)(**request))


def _stream(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    with _sdk(base_url) as sdk, _method(sdk, endpoint)(**request, stream=True) as stream:
        return [_plain(chunk) for chunk in stream]


def _stream_without_with(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    with _sdk(base_url) as sdk:
        return [_plain(chunk) for chunk in _method(sdk, endpoint)(**request, stream=True)]


def _async_send(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with _sdk(base_url) as sdk:
            return _plain(await _method(sdk, endpoint, is_async=True)(**request))

    return asyncio.run(main())


def _async_stream(endpoint: str, base_url: str, request: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with _sdk(base_url) as sdk, await _method(sdk, endpoint, is_async=True)(**request, stream=True) as stream:
            return [_plain(chunk) async for chunk in stream]

    return asyncio.run(main())


WHOLE: Final[Mapping[str, Callable[..., Any]]] = {"send": _send, "async send": _async_send}
STREAMED: Final[Mapping[str, Callable[..., Any]]] = {
    "stream": _stream,
    "stream without with": _stream_without_with,
    "async stream": _async_stream,
}
_PLAIN: Final = {"model", "messages", "input", "query", "documents"}
# Chunks that the oldest SDK's models reject: it raises there and reads no further, and so nor do we.
_STUMBLES: Final = (
    {"every_part", "error_in_stream_without_usage"} if openrouter_sdk.__version__.startswith("0.9.") else set()
)


def _cases() -> Iterator[Any]:
    for endpoint in METHODS:
        for name, scenario in SCENARIOS[endpoint].items():
            if scenario.request.keys() - _PLAIN:  # this SDK takes some fields otherwise, and others not at all
                continue
            for said, table in ((scenario.whole, WHOLE), (scenario.streamed, STREAMED)):
                for way, call in table.items() if said is not None else ():
                    if table is STREAMED and (endpoint in {"embeddings", "rerank"} or name in _STUMBLES):
                        continue
                    yield pytest.param(
                        endpoint,
                        scenario.exchange or name,
                        scenario,
                        call,
                        said,
                        table is STREAMED,
                        id=f"{endpoint}-{name}-{way}",
                    )


@pytest.mark.parametrize(("endpoint", "exchange", "scenario", "call", "said", "streamed"), list(_cases()))
def test_scenarios(
    telemetry: Telemetry,
    openrouter: Simulator,
    endpoint: str,
    exchange: str,
    scenario: Scenario,
    call: Callable[..., Any],
    said: Expected,
    streamed: bool,
) -> None:
    """The whole span is that of the OpenAI SDK, and the caller gets what it gets without us."""
    base_url = openrouter.base_url(exchange)

    def way(url: str, request: dict[str, Any]) -> Any:
        return call(endpoint, url, request)

    got = outcome(way, base_url, scenario.request)
    span = telemetry.one_span()
    asked: dict[str, Any] = {**ASKED, **scenario.asked, "server.port": urllib.parse.urlsplit(base_url).port}
    if streamed:
        asked["gen_ai.request.stream"] = True
    found = seen(span)
    found["attributes"].pop("openrouter.request.service_tier", None)  # this SDK says `auto` in each request
    assert found == expected(
        f"{asked['gen_ai.operation.name']} openai/gpt-4o-mini",
        {**asked, **said.attributes},
        status=said.status,
        description=said.description,
    )
    OpenRouterInstrumentor().uninstrument()
    assert got == outcome(way, base_url, scenario.request)
    assert telemetry.raw_spans == [span]


MESSAGES: Final[Any] = [{"role": "user", "content": "Say hello."}]


def _asks(base_url: str, **request: Any) -> Any:
    with _sdk(base_url) as sdk:
        return sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, **request)


def test_what_the_request_tells(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Parameters, routing and headers are read off the wire, and nothing secret is."""
    with _sdk(openrouter.base_url("hello"), http_referer="https://app.example", x_open_router_title="App") as sdk:
        sdk.chat.send(
            model="openai/gpt-4o-mini",
            messages=MESSAGES,
            temperature=0.5,
            provider={"order": ["azure"], "allow_fallbacks": False},
            user="u-1",
            session_id="s-1",
        )
    told = dict(telemetry.one_span().attributes or {})
    assert told["gen_ai.request.temperature"] == 0.5
    assert told["openrouter.request.provider.order"] == ("azure",)
    assert told["openrouter.request.provider.allow_fallbacks"] is False
    assert told["user.id"] == "u-1"
    assert told["session.id"] == told["gen_ai.conversation.id"] == "s-1"
    assert told["openrouter.app.url"] == "https://app.example"
    assert told["openrouter.app.title"] == "App"
    assert "canary" not in str(told)


def test_content(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A stream tells what the whole answer tells."""
    telemetry.again(capture_content="span_only")
    _asks(openrouter.base_url("reasoning"))
    with _sdk(openrouter.base_url("reasoning")) as sdk:
        list(sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True))
    whole, streamed = (dict(span.attributes or {}) for span in telemetry.raw_spans)
    said = json.loads(str(whole["gen_ai.output.messages"]))
    assert [part["type"] for part in said[0]["parts"]] == ["reasoning", "text"]
    assert streamed["gen_ai.output.messages"] == whole["gen_ai.output.messages"]


def test_any_server_is_openrouter(telemetry: Telemetry, openrouter: Simulator) -> None:
    """What OpenRouter's own SDK talks to is OpenRouter, under whatever name."""
    telemetry.again([])
    _asks(openrouter.base_url("hello"))
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_other_paths_pass(telemetry: Telemetry, openrouter: Simulator) -> None:
    """What is no inference gives no span."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        outcome(lambda *_: sdk.models.list(), "", {})
        outcome(lambda *_: sdk.generations.get_generation(id="gen-1"), "", {})
    assert not telemetry.raw_spans


def test_left_early(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A stream that is closed early is cancelled; so is one that is dropped, at the next call."""

    def left(sdk: Any) -> None:
        next(sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True))

    with _sdk(openrouter.base_url("slow")) as sdk:
        with sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True) as stream:
            next(stream)
        del stream
        assert (telemetry.one_span().attributes or {})["openrouter.stream.cancelled"] is True
        left(sdk)
        gc.collect()
    _asks(openrouter.base_url("hello"))
    dropped, after = telemetry.raw_spans[1:]
    assert (dropped.attributes or {})["openrouter.stream.cancelled"] is True
    assert "openrouter.stream.cancelled" not in (after.attributes or {})
    assert not telemetry.started.open


def test_end_of_the_events_is_the_end(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The call has ended when `[DONE]` has come, though nobody reads on or closes."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        stream = sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True)
        chunks = [next(stream) for _ in range(len(CANNED_REPLIES["hello"].deltas) + 2)]
        assert chunks[-1].usage is not None
        assert next(stream, None) is None
        assert "openrouter.stream.cancelled" not in (telemetry.one_span().attributes or {})


def test_sound(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A body that is no JSON is left to the caller, unread."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        response = sdk.tts.create_speech(model="openai/gpt-4o-mini", input="Hello", voice="alloy")
        assert not telemetry.raw_spans
        assert response.read()
    span = telemetry.one_span()
    assert span.name == "speech openai/gpt-4o-mini"
    assert span.status.is_unset


@pytest.mark.parametrize("stream", [False, True])
def test_json_read_piece_by_piece(telemetry: Telemetry, openrouter: Simulator, stream: bool) -> None:
    """JSON is the answer, however the SDK reads it and however long it is, also where a stream was asked for."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.5}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "long " * 20_000}}
    said = {
        "id": "gen-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
        "system_fingerprint": None,
    }
    openrouter.verbatim["whole"] = Reply([json.dumps(said).encode()])
    answer = _asks(openrouter.base_url("whole"), stream=stream)
    span = telemetry.one_span()
    assert answer.id == "gen-1"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.5
    assert span.status.is_unset
    assert "error.type" not in (span.attributes or {})


def test_sound_read_piece_by_piece(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A body that is no JSON is no stream that stayed empty."""
    with _sdk(openrouter.base_url("hello")) as sdk:
        response = sdk.tts.create_speech(model="openai/gpt-4o-mini", input="Hello", voice="alloy")
        assert b"".join(response.iter_bytes())
    assert telemetry.one_span().status.is_unset


def test_forms(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A form is not looked into."""
    openrouter.verbatim["form"] = Reply([b'{"text": "Hello", "usage": {"cost": 0.001, "seconds": 2.0}}'])
    with _sdk(openrouter.base_url("form")) as sdk:
        if not hasattr(sdk.stt, "create_transcription_multipart"):
            pytest.skip("this SDK sends no forms")
        sdk.stt.create_transcription_multipart(model="m", file={"file_name": "a.wav", "content": b"RIFF"})
    span = telemetry.one_span()
    assert span.name == "transcription"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.001


def test_retries_are_one_call(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The SDK's retries happen inside the span."""
    failing = CANNED_REPLIES["bad_gateway"].reply(_Never(), stream=False)
    said = Reply([json.dumps({"id": "gen-1", "choices": [], "usage": {"cost": 0.5}}).encode()])
    openrouter.verbatim["retried"] = [replace(failing, status=503), said]
    backoff = openrouter_sdk.utils.BackoffStrategy(1, 2, 1.0, 5000)
    retries = openrouter_sdk.utils.RetryConfig("backoff", backoff, retry_connection_errors=False)
    outcome(lambda *_: _asks(openrouter.base_url("retried"), retries=retries), "", {})
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.5


class _Never:
    def whole(self, exchange: Any) -> Any: ...

    def events(self, exchange: Any) -> Any: ...


def test_unreachable(telemetry: Telemetry) -> None:
    """A connection that fails is told as one, and raised as it is."""
    kind, *_ = outcome(lambda *_: _asks("http://127.0.0.1:9/api/v1"), "", {})
    assert kind.__module__.startswith("httpx")
    assert (telemetry.one_span().attributes or {})["error.type"] == "connection"


def test_span_is_current_while_sending(telemetry: Telemetry, openrouter: Simulator) -> None:
    """What is traced on the way, such as the HTTP request, is under our span; the caller's context is as it was."""
    inside: list[trace.Span] = []

    class Hook:
        def before_request(self, _: Any, request: Any) -> Any:
            inside.append(trace.get_current_span())
            return request

    with _sdk(openrouter.base_url("hello")) as sdk:
        sdk.sdk_configuration.__dict__["_hooks"].register_before_request_hook(Hook())
        sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES)
    assert inside[0].get_span_context() == telemetry.one_span().context
    assert not trace.get_current_span().is_recording()


def test_uninstrument(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The class is as it was, also for clients made before."""
    from openrouter.basesdk import BaseSDK  # noqa: PLC0415 - the module is skipped where it is missing

    patched = BaseSDK.do_request
    with _sdk(openrouter.base_url("hello")) as sdk:
        OpenRouterInstrumentor().uninstrument()
        sdk.chat.send(model="openai/gpt-4o-mini", messages=MESSAGES)
        assert not telemetry.raw_spans
    assert BaseSDK.do_request is not patched
    assert not hasattr(BaseSDK.do_request, "__wrapped__")


def test_suppressed(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Suppression means what it says."""
    with suppress_instrumentation():
        _asks(openrouter.base_url("hello"))
    assert not telemetry.raw_spans


def test_imported_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of the SDK after `uninstrument()` patches nothing."""
    hooks: list[Callable[[Any], None]] = []
    monkeypatch.setattr(_openrouter_sdk, "when_imported", lambda _, do: hooks.append(do))
    OpenRouterInstrumentor().instrument()
    OpenRouterInstrumentor().uninstrument()
    hooks[0](object())


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
def test_not_imported_for_it(between: str, patched: str) -> None:
    """The SDK is patched when the program imports it, and not imported for that."""
    script = LAZY.format(between=between)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == patched, done.stderr


def test_without_the_openai_sdk() -> None:
    """Either SDK will do."""
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
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr

"""Settlement: the cost of an interrupted stream is fetched once, in the background, and at every kind of exit."""

import asyncio
import contextlib
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api import settlement
from opentelemetry.instrumentation.openrouter._api.settlement import Settlement
from opentelemetry.instrumentation.openrouter._telemetry.call import Call
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tests.calling_styles import HAS_RESPONSES
from tests.generation import ID, RECORD
from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, tick_at_each_reading

ClientFactory = Callable[..., openai.OpenAI]
ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def enabled(telemetry: Telemetry, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable `settle`, with short delays between polls and long time limits."""
    monkeypatch.setattr(settlement, "POLL_DELAYS", (0.01,) * 8)
    monkeypatch.setattr(settlement, "_FLUSH_POLL_DELAY", 0.01)
    monkeypatch.setattr(settlement, "FLUSH_TIMEOUT", 60.0)
    monkeypatch.setattr(settlement, "TIMEOUT", 60.0)
    telemetry.reinstrument([openrouter.url], settle=True)


def _close_early(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(**REQUEST, stream=True)
    next(stream)
    stream.close()


def _wait_for(condition: Callable[[], object]) -> None:
    while not condition():  # as long as the test may take
        time.sleep(0.005)


def _one_span(telemetry: Telemetry) -> ReadableSpan:
    _wait_for(telemetry.exporter.get_finished_spans)
    return telemetry.one_span()


def _attributes(telemetry: Telemetry) -> Mapping[str, Any]:
    return _one_span(telemetry).attributes or {}


def _requests(openrouter: Simulator, scenario: str) -> list[Any]:
    return [request for request in openrouter.received if request.path == f"/{scenario}/api/v1/generation"]


# Streams that end without their usage.


def _with(client: openai.OpenAI) -> None:
    with client.chat.completions.create(**REQUEST, stream=True) as stream:
        next(stream)


def _drop(client: openai.OpenAI) -> None:
    next(client.chat.completions.create(**REQUEST, stream=True))
    gc.collect()


def _raw(client: openai.OpenAI) -> None:
    client.chat.completions.with_raw_response.create(**REQUEST, stream=True).http_response.close()


def _streaming_response(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(**REQUEST, stream=True):
        pass


def _responses(client: openai.OpenAI) -> None:
    with client.responses.create(model="openai/gpt-4o-mini", input="Hello", stream=True) as stream:
        next(stream)


def _async(client: openai.OpenAI) -> None:
    async def main() -> None:
        key, base_url = client.api_key, client.base_url
        async with openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0) as same:
            stream = await same.chat.completions.create(**REQUEST, stream=True)
            await anext(aiter(stream))
            await stream.close()

    asyncio.run(main())


def _cancelled(client: openai.OpenAI) -> None:
    async def read(stream: openai.AsyncStream[Any], reading: asyncio.Event) -> None:
        async for _ in stream:
            reading.set()
            await asyncio.Event().wait()

    async def main() -> None:
        key, base_url = client.api_key, client.base_url
        async with openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0) as same:
            reading = asyncio.Event()
            task = asyncio.ensure_future(read(await same.chat.completions.create(**REQUEST, stream=True), reading))
            await reading.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    gc.collect()  # older SDKs abandon the response to the garbage collector


@pytest.mark.parametrize(
    "abandon",
    [
        _close_early,
        _with,
        _drop,
        _raw,
        _streaming_response,
        *([_responses] if HAS_RESPONSES else []),
        _async,
        _cancelled,
    ],
    ids=lambda function: function.__name__,
)
def test_left(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, abandon: Callable[[openai.OpenAI], None]
) -> None:
    """The span of a stream left early ends once the cost is fetched; the cost is counted once."""
    abandon(client("hello", api_key=f"sk-or-{abandon.__name__}"))
    if abandon in (_drop, _cancelled):  # garbage-collected streams end at the next call
        client("hello").chat.completions.create(**REQUEST)
    telemetry.tracer_provider.force_flush()
    attributes: dict[str, Any] = next(
        dict(span.attributes or {}) for span in telemetry.raw_spans if "openrouter.settled" in (span.attributes or {})
    )
    assert attributes["openrouter.settled"] is True
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert attributes["gen_ai.usage.input_tokens"] == 43
    assert attributes["gen_ai.usage.output_tokens"] == 120
    assert attributes["openrouter.provider.name"] == "OpenAI"
    assert attributes["gen_ai.response.id"] == ID
    assert attributes["openrouter.stream.cancelled"] is True
    assert not telemetry.started.open
    calls = len(telemetry.raw_spans)
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.usage.cost"]) == calls
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.client.operation.duration"]) == calls


@pytest.mark.parametrize("scenario", ["cut", "error_in_stream_without_usage"])
def test_failed(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, scenario: str) -> None:
    """A stream that fails without its usage has the error and the fetched cost."""
    openrouter.verbatim[f"{scenario}/generation"] = _generation_reply()
    with pytest.raises(Exception, match=r"\w"):
        list(client(scenario).chat.completions.create(**REQUEST, stream=True))
    span = _one_span(telemetry)
    assert span.status.status_code.name == "ERROR"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert (span.attributes or {})["error.type"]
    assert "openrouter.stream.cancelled" not in (span.attributes or {})


def test_real_end(telemetry: Telemetry, client: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The span's end time is when the caller left the stream, not when the cost was fetched."""
    monkeypatch.setattr(settlement, "POLL_DELAYS", (600.0,) * 3)
    seconds_left = tick_at_each_reading(monkeypatch)
    _close_early(client("hello", api_key="sk-or-real-end"))
    assert not telemetry.exporter.get_finished_spans()
    assert next(seconds_left) == 5, "start, headers, one chunk, end"
    telemetry.tracer_provider.force_flush()
    span = _one_span(telemetry)
    assert span.start_time is not None
    assert span.end_time == span.start_time + 3_000_000_000
    (_, _, seconds), *_ = telemetry.points()["gen_ai.client.operation.duration"]
    assert seconds == 3.0


@pytest.mark.parametrize("scenario", ["hello", "error_in_stream", "bad_gateway", "no_choices"])
def test_complete_calls_are_not_settled(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, scenario: str
) -> None:
    """A call with its usage, or with an HTTP error, ends at once without a request."""
    before = len(_requests(openrouter, scenario))
    for stream in (False, True):
        with contextlib.suppress(openai.APIError):
            list(client(scenario).chat.completions.create(**REQUEST, stream=stream))
    assert len(telemetry.raw_spans) == 2
    telemetry.tracer_provider.force_flush()
    assert len(_requests(openrouter, scenario)) == before


def test_off_by_default(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """Without the option, no request is sent."""
    telemetry.reinstrument([openrouter.url])
    before = len(_requests(openrouter, "hello"))
    _close_early(client("hello"))
    assert telemetry.one_span()
    assert len(_requests(openrouter, "hello")) == before


# Polling.


def _generation_reply(**changes: Any) -> Reply:
    return Reply([json.dumps({"data": {**RECORD, **changes}}).encode()])


def _error_reply(status: int) -> Reply:
    return Reply([b'{"error": {"message": "sk-or-canary", "code": 1}}'], status=status)


def test_polls_until_the_record_exists(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """404 and 503 are retried, and the requests have the client's own credentials and headers."""
    replies = [_error_reply(404), _error_reply(404), _error_reply(503), _generation_reply()]
    openrouter.verbatim["until/generation"] = list(replies)
    openrouter.verbatim["until"] = _cut()
    with client("until", api_key="sk-or-until", default_headers={"X-Title": "App"}) as own:
        _close_early(own)
        assert _attributes(telemetry)["gen_ai.usage.cost"] == 0.00014
    requests = _requests(openrouter, "until")
    assert len(requests) == len(replies)
    assert {request.headers["authorization"] for request in requests} == {"Bearer sk-or-until"}
    assert {request.headers["x-title"] for request in requests} == {"App"}


def _cut() -> Reply:
    """A stream with a generation id and one chunk of content."""
    chunk = b'data: {"id": "gen-a b&c", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
    return Reply([chunk] * 3, content_type="text/event-stream", headers={"X-Generation-Id": "gen-a b&c"})


@pytest.mark.parametrize(("status", "requests"), [(404, 8), (401, 1), (403, 1), (500, 8)])
def test_gives_up(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: ClientFactory,
    caplog: pytest.LogCaptureFixture,
    status: int,
    requests: int,
) -> None:
    """After the last poll the span ends without a cost, and the log contains no secret."""
    openrouter.verbatim[f"given_up_{status}"] = _cut()
    openrouter.verbatim[f"given_up_{status}/generation"] = _error_reply(status)
    _close_early(client(f"given_up_{status}"))
    attributes = _attributes(telemetry)
    assert "gen_ai.usage.cost" not in attributes
    assert "openrouter.settled" not in attributes
    assert attributes["openrouter.stream.cancelled"] is True
    assert len(_requests(openrouter, f"given_up_{status}")) == requests
    assert "canary" not in caplog.text


# Flushes, shutdowns, exits.


@pytest.mark.parametrize("provider", ["tracer_provider", "meter_provider", "logger_provider"])
def test_flush(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """A flush of any provider settles the waiting calls first."""
    monkeypatch.setattr(settlement, "POLL_DELAYS", (600.0,) * 3)
    _close_early(client("hello", api_key=f"sk-or-flush-{provider}"))
    assert not telemetry.exporter.get_finished_spans()
    getattr(telemetry, provider).force_flush()
    assert _attributes(telemetry)["openrouter.settled"] is True


def test_shutdown_has_a_timeout(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that cannot be settled before the timeout of a shutdown ends without a cost."""
    monkeypatch.setattr(settlement, "POLL_DELAYS", (600.0,) * 9999)
    monkeypatch.setattr(settlement, "FLUSH_TIMEOUT", 0.1)
    openrouter.verbatim["bound"] = _cut()
    openrouter.verbatim["bound/generation"] = _error_reply(404)
    _close_early(client("bound"))
    telemetry.tracer_provider.shutdown()
    assert "openrouter.settled" not in _attributes(telemetry)


def test_uninstrument(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`uninstrument()` settles the waiting calls and restores the providers."""
    monkeypatch.setattr(settlement, "POLL_DELAYS", (600.0,) * 9)
    _close_early(client("hello", api_key="sk-or-uninstrument"))
    assert "force_flush" in vars(telemetry.tracer_provider)
    OpenRouterInstrumentor().uninstrument()
    assert _attributes(telemetry)["openrouter.settled"] is True
    for provider in (telemetry.tracer_provider, telemetry.meter_provider, telemetry.logger_provider):
        assert not {"force_flush", "shutdown"} & vars(provider).keys()


def test_uninstrument_keeps_outer_wrappers(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """A `force_flush` that another library has wrapped stays wrapped, and still works."""
    _close_early(client("hello", api_key="sk-or-above"))
    own: Any = telemetry.tracer_provider.force_flush
    called: list[bool] = []

    def enclosing(timeout_millis: int = 30000) -> bool:
        called.append(True)
        return own(timeout_millis)

    telemetry.tracer_provider.force_flush = enclosing
    OpenRouterInstrumentor().uninstrument()
    assert telemetry.tracer_provider.force_flush() is type(telemetry.tracer_provider).force_flush(
        telemetry.tracer_provider
    )
    assert called


EXIT: Final = """
import os, sys
sys.path.insert(0, {root!r})
from openai import OpenAI
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api import settlement
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
settlement.POLL_DELAYS, settlement.FLUSH_TIMEOUT = (60.0,) * 9, 30.0
one_line = lambda span: f"{{span.context.span_id}} {{dict(span.attributes)}}" + chr(10)
OpenRouterInstrumentor().instrument(base_urls=[{url!r}], settle=True)
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=one_line)))
client = OpenAI(base_url={base!r}, api_key={key!r})
request = dict(model="openai/gpt-4o-mini", messages=[dict(role="user", content="Hello")], stream=True)
stream = client.chat.completions.create(**request)
next(stream)
{end}
"""


@pytest.mark.parametrize(
    "end",
    [
        "stream.close()",
        "",  # still open
        # Collected here: httpcore deadlocks if a stream of its pool is collected while it holds the pool's lock.
        "import gc; del stream; gc.collect()",
        "stream.close(); sys.exit(3)",
        "stream.close(); raise KeyboardInterrupt",
        "stream.close(); trace.get_tracer_provider().force_flush(); os._exit(0)",
    ],
)
def test_exit(openrouter: Simulator, end: str) -> None:
    """A process settles its waiting calls at exit."""
    key = f"sk-or-exit-{abs(hash(end))}"
    script = EXIT.format(root=str(ROOT), url=openrouter.url, base=openrouter.base_url("hello"), key=key, end=end)
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    (line,) = completed.stdout.splitlines()
    assert "'openrouter.settled': True" in line, completed.stderr
    assert "'gen_ai.usage.cost': 0.00014" in line


FORK: Final = """
stream.close()
pid = os.fork()
if not pid:
    second = client.chat.completions.create(**request)
    next(second)
    second.close()
    trace.get_tracer_provider().force_flush()
    sys.stdout.flush()
    os._exit(0)
os.waitpid(pid, 0)
"""


def test_still_open_at_exit(telemetry: Telemetry, client: ClientFactory) -> None:
    """A stream that is open at interpreter exit is settled first."""
    stream = client("hello").chat.completions.create(**REQUEST, stream=True)
    next(stream)
    instrumentation: Any = OpenRouterInstrumentor()._instrumentations[0]
    instrumentation.responses.end_all()
    assert (telemetry.one_span().attributes or {})["openrouter.settled"] is True
    stream.close()
    assert len(telemetry.raw_spans) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork(openrouter: Simulator) -> None:
    """Each process settles its own calls once."""
    script = EXIT.format(
        root=str(ROOT), url=openrouter.url, base=openrouter.base_url("hello"), key="sk-or-fork", end=FORK
    )
    completed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    lines = completed.stdout.splitlines()
    assert len(lines) == 2, completed.stdout + completed.stderr
    assert len({line.split()[0] for line in lines}) == 2
    assert all("'openrouter.settled': True" in line for line in lines)


# Other configurations.


def test_not_sampled(openrouter: Simulator, client: ClientFactory) -> None:
    """The cost metric is complete even if the span is not sampled."""
    telemetry = Telemetry(ALWAYS_OFF)
    OpenRouterInstrumentor().uninstrument()
    telemetry.instrument([openrouter.url], settle=True)
    _close_early(client("hello", api_key="sk-or-not-sampled"))
    telemetry.meter_provider.force_flush()
    assert telemetry.points()["gen_ai.usage.cost"][0][2] == 0.00014


def test_enclosing_span(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """If the enclosing span has ended by then, the cost is on an own span that starts at the call's start."""
    attributes = {"gen_ai.operation.name": "chat"}
    with telemetry.tracer_provider.get_tracer("other").start_as_current_span("enclosing", attributes=attributes):
        _close_early(client("hello", api_key="sk-or-enclosing"))
    _wait_for(lambda: len(telemetry.exporter.get_finished_spans()) == 2)
    enclosing, own = telemetry.raw_spans
    assert enclosing.name == "enclosing"
    assert (own.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert own.start_time is not None
    assert enclosing.end_time is not None
    assert own.start_time < enclosing.end_time


def test_openrouters_own_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """An interrupted stream of OpenRouter's own SDK is settled."""
    sdk_class = pytest.importorskip("openrouter").OpenRouter
    with sdk_class(api_key="sk-or-own-sdk", server_url=openrouter.base_url("slow")) as sdk:
        with sdk.chat.send(model="openai/gpt-4o-mini", messages=REQUEST["messages"], stream=True) as stream:
            next(stream)
        del stream
    assert _attributes(telemetry)["openrouter.settled"] is True


def test_exception_is_released(telemetry: Telemetry, client: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiting call does not keep the exception, which refers to the caller's frames."""
    submitted: list[Any] = []
    monkeypatch.setattr(Call, "_finish", lambda *arguments: submitted.append(arguments))
    monkeypatch.setattr(Settlement, "submit", lambda _, __, ___, finish: submitted.append(finish) or True)
    with contextlib.suppress(Exception):
        list(client("cut").chat.completions.create(**REQUEST, stream=True))
    assert submitted
    assert not [each for each in submitted[0].args if isinstance(each, BaseException)]

"""A stream that was cut before its usage came is settled: once, in the background, as of its real end, by all exits."""

import asyncio
import contextlib
import gc
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api import settlement as _settlement
from opentelemetry.instrumentation.openrouter._api.client import ApiClient
from opentelemetry.instrumentation.openrouter._api.flush_hooks import FlushHooks
from opentelemetry.instrumentation.openrouter._api.settlement import Settlement
from opentelemetry.instrumentation.openrouter._config import PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._telemetry.call import Call
from opentelemetry.instrumentation.openrouter._wire.generation import fold_generation
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NoOpTracerProvider

from tests.calling_styles import HAS_RESPONSES
from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
ROOT: Final = Path(__file__).parents[2]
ID: Final = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
RECORD: Final[dict[str, Any]] = {
    "id": ID,
    "model": "openai/gpt-4o-mini-2024-07-18",
    "provider_name": "OpenAI",
    "streamed": True,
    "cancelled": True,
    "is_byok": False,
    "usage": 0.00014,
    "total_cost": 0.00014,
    "upstream_inference_cost": 0,
    "tokens_prompt": 33,
    "tokens_completion": 110,
    "native_tokens_prompt": 43,
    "native_tokens_completion": 120,
    "native_tokens_cached": 7,
    "native_tokens_reasoning": 5,
    "native_tokens_completion_images": None,
    "finish_reason": "stop",
    "native_finish_reason": "end_turn",
    "service_tier": None,
}


@pytest.fixture(autouse=True)
def switched_on(telemetry: Telemetry, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is on, and nobody waits long."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (0.01,) * 8)
    monkeypatch.setattr(_settlement, "_FLUSH_POLL_DELAY", 0.01)
    telemetry.again([openrouter.url], settle=True)


def _leave(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(**REQUEST, stream=True)
    next(stream)
    stream.close()


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _one_span(telemetry: Telemetry) -> ReadableSpan:
    _wait_for(lambda: telemetry.raw_spans)
    return telemetry.one_span()


def _told(telemetry: Telemetry) -> Mapping[str, Any]:
    return _one_span(telemetry).attributes or {}


def _looks(openrouter: Simulator, scenario: str) -> list[Any]:
    return [request for request in openrouter.received if request.path == f"/{scenario}/api/v1/generation"]


# What the record tells.


def test_a_record() -> None:
    """Its native counts are those that an answer tells; its model is a slug; zero upstream cost is none."""
    answer = ResponseRecord(id=ID)
    fold_generation(answer, RECORD)
    assert response_attributes(answer) == {
        "gen_ai.response.id": ID,
        "gen_ai.response.model": "openai/gpt-4o-mini-2024-07-18",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 43,
        "gen_ai.usage.output_tokens": 120,
        "gen_ai.usage.cache_read.input_tokens": 7,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "gen_ai.usage.cost": 0.00014,
        "openrouter.usage.cost": 0.00014,
        "openrouter.usage.is_byok": False,
        "openrouter.provider.name": "OpenAI",
        "openrouter.response.native_finish_reasons": ("end_turn",),
        "openrouter.settled": True,
    }


def test_what_the_stream_told_stays() -> None:
    """The record completes."""
    answer = ResponseRecord(id=ID, model="m", provider="Azure", service_tier="flex")
    answer.finish_reasons[0], answer.native_finish_reasons[0] = "length", "max"
    fold_generation(answer, {**RECORD, "service_tier": "default"})
    told = response_attributes(answer)
    assert told["gen_ai.response.model"] == "m"
    assert told["openrouter.provider.name"] == "Azure"
    assert told["openrouter.response.service_tier"] == "flex"
    assert told["gen_ai.response.finish_reasons"] == ("length",)
    assert told["openrouter.response.native_finish_reasons"] == ("max",)


def test_own_key() -> None:
    """With the caller's own key the provider's bill is added, in decimal."""
    answer = ResponseRecord(id=ID)
    fold_generation(answer, {**RECORD, "is_byok": True, "usage": 0.1, "upstream_inference_cost": 0.2})
    assert response_attributes(answer)["gen_ai.usage.cost"] == 0.3


@pytest.mark.parametrize("record", [{}, {"usage": "many", "finish_reason": 7}, {"native_tokens_prompt": -1}])
def test_a_record_that_tells_nothing(record: dict[str, Any]) -> None:
    """Nothing is made up."""
    answer = ResponseRecord(id=ID)
    fold_generation(answer, record)
    assert response_attributes(answer) == {"gen_ai.response.id": ID, "openrouter.settled": True}


def test_older_record() -> None:
    """The total is the charge, where that is not told."""
    answer = ResponseRecord(id=ID)
    fold_generation(answer, {"total_cost": 0.5})
    assert response_attributes(answer)["gen_ai.usage.cost"] == 0.5


# Each way of being cut.


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
    async def read(stream: openai.AsyncStream[Any]) -> None:
        async for _ in stream:
            await asyncio.sleep(30)

    async def main() -> None:
        key, base_url = client.api_key, client.base_url
        async with openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0) as same:
            task = asyncio.ensure_future(read(await same.chat.completions.create(**REQUEST, stream=True)))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    gc.collect()  # older SDKs leave the response to the collector


@pytest.mark.parametrize(
    "leave",
    [_leave, _with, _drop, _raw, _streaming_response, *([_responses] if HAS_RESPONSES else []), _async, _cancelled],
    ids=lambda way: way.__name__,
)
def test_left(
    telemetry: Telemetry, openrouter: Simulator, client: Make, leave: Callable[[openai.OpenAI], None]
) -> None:
    """The span waits for its bill, which is counted once; it was left all the same."""
    leave(client("hello", api_key=f"sk-or-{leave.__name__}"))
    if leave in (_drop, _cancelled):  # garbage is swept at the next call
        client("hello").chat.completions.create(**REQUEST)
    telemetry.tracer_provider.force_flush()
    told: dict[str, Any] = next(
        dict(span.attributes or {}) for span in telemetry.raw_spans if "openrouter.settled" in (span.attributes or {})
    )
    assert told["openrouter.settled"] is True
    assert told["gen_ai.usage.cost"] == 0.00014
    assert told["gen_ai.usage.input_tokens"] == 43
    assert told["gen_ai.usage.output_tokens"] == 120
    assert told["openrouter.provider.name"] == "OpenAI"
    assert told["gen_ai.response.id"] == ID
    assert told["openrouter.stream.cancelled"] is True
    assert not telemetry.started.open
    calls = len(telemetry.raw_spans)
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.usage.cost"]) == calls
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.client.operation.duration"]) == calls


@pytest.mark.parametrize("scenario", ["cut", "error_in_stream_without_usage"])
def test_failed(telemetry: Telemetry, openrouter: Simulator, client: Make, scenario: str) -> None:
    """It failed, and cost what it cost."""
    openrouter.verbatim[f"{scenario}/generation"] = _record()
    with pytest.raises(Exception, match=r"\w"):
        list(client(scenario).chat.completions.create(**REQUEST, stream=True))
    span = _one_span(telemetry)
    assert span.status.status_code.name == "ERROR"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert (span.attributes or {})["error.type"]
    assert "openrouter.stream.cancelled" not in (span.attributes or {})


def test_real_end(telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The span ends when the caller left, not when the bill came."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (0.3,) * 3)
    _leave(client("hello", api_key="sk-or-real-end"))
    left = time.time_ns()
    span = _one_span(telemetry)
    assert span.end_time is not None
    assert span.end_time < left + 10_000_000
    assert time.time_ns() > left + 300_000_000
    (_, _, seconds), *_ = telemetry.points()["gen_ai.client.operation.duration"]
    assert span.start_time is not None
    assert seconds == pytest.approx((span.end_time - span.start_time) / 1e9, abs=1e-6)


@pytest.mark.parametrize("scenario", ["hello", "error_in_stream", "bad_gateway", "no_choices"])
def test_others_are_not_asked_for(telemetry: Telemetry, openrouter: Simulator, client: Make, scenario: str) -> None:
    """What told its usage, or was refused, ends at once."""
    before = len(_looks(openrouter, scenario))
    for stream in (False, True):
        with contextlib.suppress(openai.APIError):
            list(client(scenario).chat.completions.create(**REQUEST, stream=stream))
    assert len(telemetry.raw_spans) == 2
    telemetry.tracer_provider.force_flush()
    assert len(_looks(openrouter, scenario)) == before


def test_off_by_default(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Nothing is asked that nobody asked for."""
    telemetry.again([openrouter.url])
    before = len(_looks(openrouter, "hello"))
    _leave(client("hello"))
    assert telemetry.one_span()
    assert len(_looks(openrouter, "hello")) == before


# The manners of asking.


def _record(**changes: Any) -> Reply:
    return Reply([json.dumps({"data": {**RECORD, **changes}}).encode()])


def _refusal(status: int) -> Reply:
    return Reply([b'{"error": {"message": "sk-or-canary", "code": 1}}'], status=status)


def test_until_it_is_there(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """404, a busy server and nonsense pass; who asks is the client itself."""
    answers = [_refusal(404), _refusal(404), _refusal(503), _record()]
    openrouter.verbatim["until/generation"] = list(answers)
    openrouter.verbatim["until"] = _cut()
    with client("until", api_key="sk-or-until", default_headers={"X-Title": "App"}) as own:
        _leave(own)
        assert _told(telemetry)["gen_ai.usage.cost"] == 0.00014
    looks = _looks(openrouter, "until")
    assert len(looks) == len(answers)
    assert {look.headers["authorization"] for look in looks} == {"Bearer sk-or-until"}
    assert {look.headers["x-title"] for look in looks} == {"App"}


def _cut() -> Reply:
    """A stream with an id and one word."""
    chunk = b'data: {"id": "gen-a b&c", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}\n\n'
    return Reply([chunk] * 3, content_type="text/event-stream", headers={"X-Generation-Id": "gen-a b&c"})


def test_id_is_quoted(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Whatever the wire calls an id, it stays one parameter."""
    asked: list[str] = []
    settlement = Settlement(tuple)
    finished = threading.Event()

    def get(path: str, _: float) -> object:
        asked.append(path)
        return {"data": RECORD}

    assert settlement.submit(ApiClient("", "", get), ResponseRecord(id="gen-a&b=/../keys?x"), finished.set)
    assert finished.wait(10)
    assert asked == ["/generation?id=gen-a%26b%3D%2F..%2Fkeys%3Fx"]


@pytest.mark.parametrize(("status", "looks"), [(404, 8), (401, 1), (403, 1), (500, 8)])
def test_given_up(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: Make,
    caplog: pytest.LogCaptureFixture,
    status: int,
    looks: int,
) -> None:
    """The span ends without a bill, and nothing secret is in the log."""
    openrouter.verbatim[f"given_up_{status}"] = _cut()
    openrouter.verbatim[f"given_up_{status}/generation"] = _refusal(status)
    _leave(client(f"given_up_{status}"))
    told = _told(telemetry)
    assert "gen_ai.usage.cost" not in told
    assert "openrouter.settled" not in told
    assert told["openrouter.stream.cancelled"] is True
    assert len(_looks(openrouter, f"given_up_{status}")) == looks
    assert "canary" not in caplog.text


def test_waits_grow() -> None:
    """About half a minute in all."""
    assert sorted(_settlement.POLL_DELAYS) == list(_settlement.POLL_DELAYS)


def test_not_traced(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Asking is no call of the user's."""
    enabled: list[bool] = []
    done = threading.Event()

    def get(_: str, __: float) -> object:
        enabled.append(is_instrumentation_enabled())
        return {"data": RECORD}

    assert Settlement(tuple).submit(ApiClient("", "", get), ResponseRecord(id=ID), done.set)
    assert done.wait(10)
    assert enabled == [False]
    assert is_instrumentation_enabled()


def test_bounded(telemetry: Telemetry, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes too many ends as he is."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (30.0,))
    settlement = Settlement(tuple)
    account = ApiClient("", "", lambda *_: {"data": RECORD})
    taken = [settlement.submit(account, ResponseRecord(id=ID), lambda: None) for _ in range(300)]
    assert taken == [True] * 256 + [False] * 44
    settlement.close()
    assert not settlement.submit(account, ResponseRecord(id=ID), lambda: None)


def test_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none where there is nothing to ask, and one again when there is."""
    settlement = Settlement(tuple)
    account = ApiClient("", "", lambda *_: {"data": RECORD})
    for _ in range(2):
        done = threading.Event()
        assert settlement.submit(account, ResponseRecord(id=ID), done.set)
        assert done.wait(10)
        _wait_for(lambda: not [each for each in threading.enumerate() if each.name == "openrouter-settlement"])


@pytest.mark.internal_error
def test_a_finish_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call that cannot be finished does not hold up the next."""
    settlement = Settlement(tuple)
    account = ApiClient("", "", lambda *_: {"data": RECORD})
    done = threading.Event()
    assert settlement.submit(account, ResponseRecord(id=ID), lambda: 1 / 0)  # type: ignore[reportArgumentType] - it raises
    assert settlement.submit(account, ResponseRecord(id=ID), done.set)
    assert done.wait(10)
    settlement.flush()


# Flushes, shutdowns, exits.


@pytest.mark.parametrize("provider", ["tracer_provider", "meter_provider", "logger_provider"])
def test_flush(
    telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """Whichever is flushed, what waits is settled first."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (60.0,) * 3)
    _leave(client("hello", api_key=f"sk-or-flush-{provider}"))
    assert not telemetry.raw_spans
    getattr(telemetry, provider).force_flush()
    assert _told(telemetry)["openrouter.settled"] is True


def test_flush_does_not_wait_for_ever(
    telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be settled within the bound ends as it is."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (60.0,) * 9999)
    openrouter.verbatim["bound"] = _cut()
    openrouter.verbatim["bound/generation"] = _refusal(404)
    _leave(client("bound"))
    telemetry.tracer_provider.shutdown()
    assert "openrouter.settled" not in _told(telemetry)


def test_flush_while_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs holds up no flush, and its late answer changes nothing."""
    asked, go, finished = threading.Event(), threading.Event(), threading.Event()
    answer = ResponseRecord(id=ID)

    def get(_: str, __: float) -> object:
        asked.set()
        assert go.wait(10)
        return {"data": RECORD}

    settlement = Settlement(tuple)
    assert settlement.submit(ApiClient("", "", get), answer, finished.set)
    assert asked.wait(10)
    settlement.flush(0.05)
    assert finished.is_set()
    go.set()
    _wait_for(lambda: not [each for each in threading.enumerate() if each.name == "openrouter-settlement"])
    assert answer.usage is None


def test_flush_waits_for_one_that_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The background thread has it in hand, and finishes within the bound."""
    asked, finished = threading.Event(), threading.Event()

    def get(_: str, __: float) -> object:
        asked.set()
        time.sleep(0.05)
        return {"data": RECORD}

    settlement = Settlement(tuple)
    assert settlement.submit(ApiClient("", "", get), ResponseRecord(id=ID), finished.set)
    assert asked.wait(10)
    settlement.flush(10)
    assert finished.is_set()


def test_flush_hurries_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that the background thread made in vain is made again soon, where somebody has come to wait for it."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (0.0, 60.0, 60.0))
    asked, waited_for, finished = threading.Event(), threading.Event(), threading.Event()
    answer = ResponseRecord(id=ID)

    def get(_: str, __: float) -> object:
        if not asked.is_set():
            asked.set()
            assert waited_for.wait(10)
            raise LookupError
        return {"data": RECORD}

    class Watched(Settlement):
        def _next_due(self, until: float = math.inf) -> Any:
            if until < math.inf:
                waited_for.set()
            return super()._next_due(until)

    settlement = Watched(tuple)
    assert settlement.submit(ApiClient("", "", get), answer, finished.set)
    assert asked.wait(10)
    settlement.flush(5)
    assert finished.is_set()
    assert answer.usage is not None


def test_uninstrument(
    telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is settled, and the providers are as they were."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (60.0,) * 9)
    _leave(client("hello", api_key="sk-or-uninstrument"))
    assert "force_flush" in vars(telemetry.tracer_provider)
    OpenRouterInstrumentor().uninstrument()
    assert _told(telemetry)["openrouter.settled"] is True
    for provider in (telemetry.tracer_provider, telemetry.meter_provider, telemetry.logger_provider):
        assert not {"force_flush", "shutdown"} & vars(provider).keys()


def test_uninstrument_leaves_what_is_above(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Another's stand-in stays, and still works."""
    _leave(client("hello", api_key="sk-or-above"))
    ours: Any = telemetry.tracer_provider.force_flush
    called: list[bool] = []

    def theirs(timeout_millis: int = 30000) -> bool:
        called.append(True)
        return ours(timeout_millis)

    telemetry.tracer_provider.force_flush = theirs
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
from opentelemetry.instrumentation.openrouter._api import settlement as _settlement
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
_settlement.WAITS, _settlement.BOUND = (60.0,) * 9, 30.0
one_line = lambda span: f"{{span.context.span_id}} {{dict(span.attributes)}}" + chr(10)
OpenRouterInstrumentor().instrument(base_urls=[{url!r}], settle=True)
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=one_line)))
client = OpenAI(base_url={base!r}, api_key={key!r})
ask = dict(model="openai/gpt-4o-mini", messages=[dict(role="user", content="Hello")], stream=True)
stream = client.chat.completions.create(**ask)
next(stream)
{end}
"""


@pytest.mark.parametrize(
    "end",
    [
        "stream.close()",
        "",  # still open
        "del stream",
        "stream.close(); sys.exit(3)",
        "stream.close(); raise KeyboardInterrupt",
        "stream.close(); trace.get_tracer_provider().force_flush(); os._exit(0)",
    ],
)
def test_exit(openrouter: Simulator, end: str) -> None:
    """A process that ends settles what it can."""
    key = f"sk-or-exit-{abs(hash(end))}"
    script = EXIT.format(root=str(ROOT), url=openrouter.url, base=openrouter.base_url("hello"), key=key, end=end)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    (line,) = done.stdout.splitlines()
    assert "'openrouter.settled': True" in line, done.stderr
    assert "'gen_ai.usage.cost': 0.00014" in line


FORK: Final = """
stream.close()
pid = os.fork()
if not pid:
    second = client.chat.completions.create(**ask)
    next(second)
    second.close()
    trace.get_tracer_provider().force_flush()
    sys.stdout.flush()
    os._exit(0)
os.waitpid(pid, 0)
"""


def test_still_open_at_exit(telemetry: Telemetry, client: Make) -> None:
    """What the interpreter's exit finds open is settled before it goes on."""
    stream = client("hello").chat.completions.create(**REQUEST, stream=True)
    next(stream)
    instrumentation: Any = OpenRouterInstrumentor()._instrumentations[0]
    instrumentation.responses.end_all()
    assert (telemetry.one_span().attributes or {})["openrouter.settled"] is True
    stream.close()
    assert len(telemetry.raw_spans) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork(openrouter: Simulator) -> None:
    """Each process settles its own, once."""
    script = EXIT.format(
        root=str(ROOT), url=openrouter.url, base=openrouter.base_url("hello"), key="sk-or-fork", end=FORK
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stdout + done.stderr
    assert len({line.split()[0] for line in lines}) == 2
    assert all("'openrouter.settled': True" in line for line in lines)


def test_forked_child_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its parent left to do is not done twice."""
    monkeypatch.setattr(_settlement, "POLL_DELAYS", (30.0,))
    settlement, finished = Settlement(tuple), threading.Event()
    assert settlement.submit(ApiClient("", "", lambda *_: {"data": RECORD}), ResponseRecord(id=ID), finished.set)
    _settlement._reset_all_after_fork()
    settlement.close()
    assert not finished.is_set()


def test_provider_of_another_kind() -> None:
    """What cannot be flushed, or not be stood in for, is left alone."""
    flushes = FlushHooks(lambda: [object(), NoOpTracerProvider()], lambda: None)
    flushes.install()
    flushes.remove()


# Beside others.


def test_not_sampled(openrouter: Simulator, client: Make) -> None:
    """The metrics are complete all the same."""
    telemetry = Telemetry(ALWAYS_OFF)
    OpenRouterInstrumentor().uninstrument()
    telemetry.instrument([openrouter.url], settle=True)
    _leave(client("hello", api_key="sk-or-not-sampled"))
    telemetry.meter_provider.force_flush()
    assert telemetry.points()["gen_ai.usage.cost"][0][2] == 0.00014


def test_on_a_neighbours_span(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """It has ended by then: what the call cost stands on a span of ours, begun when the call began."""
    attributes = {"gen_ai.operation.name": "chat"}
    with telemetry.tracer_provider.get_tracer("neighbour").start_as_current_span("theirs", attributes=attributes):
        _leave(client("hello", api_key="sk-or-neighbour"))
    _wait_for(lambda: len(telemetry.raw_spans) == 2)
    theirs, ours = telemetry.raw_spans
    assert theirs.name == "theirs"
    assert (ours.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert ours.start_time is not None
    assert theirs.end_time is not None
    assert ours.start_time < theirs.end_time


def test_openrouters_own_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The same."""
    sdk_of = pytest.importorskip("openrouter").OpenRouter
    with sdk_of(api_key="sk-or-own-sdk", server_url=openrouter.base_url("slow")) as sdk:
        with sdk.chat.send(model="openai/gpt-4o-mini", messages=REQUEST["messages"], stream=True) as stream:
            next(stream)
        del stream
    assert _told(telemetry)["openrouter.settled"] is True


def test_exception_is_let_go(telemetry: Telemetry, client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits holds no frames of the caller."""
    kept: list[Any] = []
    monkeypatch.setattr(Call, "_finish", lambda *arguments: kept.append(arguments))
    monkeypatch.setattr(Settlement, "submit", lambda _, __, ___, finish: kept.append(finish) or True)
    with contextlib.suppress(Exception):
        list(client("cut").chat.completions.create(**REQUEST, stream=True))
    assert kept
    assert not [each for each in kept[0].args if isinstance(each, BaseException)]


@pytest.mark.parametrize(("value", "on"), [("true", True), ("0", False)])
def test_option(monkeypatch: pytest.MonkeyPatch, value: str, on: bool) -> None:
    """True or false, by argument or by variable."""
    monkeypatch.setenv(f"{PREFIX}SETTLE", value)
    assert read_settings().settle is on
    assert read_settings(settle=True).settle is True

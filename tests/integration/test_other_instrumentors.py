"""Another instrumentor's span for the very call carries what we know, and nothing is counted twice.

The neighbours here are made up; `neighbours/` runs the real ones.
"""

import contextlib
from collections.abc import Callable, Generator
from typing import Any, Final

import openai
import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span, StatusCode

from tests.calling_styles import STREAMED, WHOLE, Way, ways
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
CHAT: Final = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "theirs"}
INFERENCE_KEY: Final = "opentelemetry.genai.client.inference.context"
EMBEDDING_KEY: Final = "opentelemetry.genai.client.embedding.context"
ALL: Final = {
    "gen_ai.client.operation.duration",
    "gen_ai.client.token.usage",
    "gen_ai.usage.cost",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
}


class Shared:
    """What an outer invocation of opentelemetry-util-genai keeps in the context."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.metric_attributes: dict[str, Any] = {}
        self.usage_input_tokens: int | None = None
        self.usage_output_tokens: int | None = None


@contextlib.contextmanager
def _current(
    telemetry: Telemetry, attributes: dict[str, Any], scope: str = "neighbour", end: bool = True
) -> Generator[Span]:
    tracer = telemetry.tracer_provider.get_tracer(scope)
    with tracer.start_as_current_span("theirs", attributes=attributes, end_on_exit=end) as span:
        yield span


@contextlib.contextmanager
def _sharing(shared: Shared, key: str = INFERENCE_KEY) -> Generator[None]:
    token = otel_context.attach(otel_context.set_value(key, shared))
    yield
    otel_context.detach(token)


def _create(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(**{**REQUEST, **more})


def _told(telemetry: Telemetry) -> dict[str, Any]:
    return dict(telemetry.one_span().attributes or {})


@pytest.mark.parametrize("way", [*WHOLE.values(), *STREAMED.values()], ids=[*WHOLE, *STREAMED])
def test_one_span_in_every_colour(telemetry: Telemetry, openrouter: Simulator, way: Way) -> None:
    """Theirs, with our facts; their words stay where both have one."""
    with _current(telemetry, CHAT):
        way(openrouter.base_url("hello"), REQUEST)
    span = telemetry.one_span()
    told = dict(span.attributes or {})
    assert span.name == "theirs"
    assert told["gen_ai.provider.name"] == "openrouter"
    assert told["gen_ai.request.model"] == "theirs"
    assert told["gen_ai.usage.cost"] == 0.00014
    assert told["openrouter.provider.name"] == "OpenAI"
    assert told["gen_ai.usage.input_tokens"] == 43
    assert set(telemetry.points()) & ALL >= {"gen_ai.usage.cost"}
    assert not set(telemetry.points()) & {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


@pytest.mark.parametrize(
    ("attributes", "scope", "theirs"),
    [
        (CHAT, "any", {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}),
        (CHAT, "logfire.openai", set[str]()),
        (CHAT, "pydantic-ai", {"gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk"}),
        ({"openinference.span.kind": "LLM"}, "any", set[str]()),
        ({"llm.request.type": "chat"}, "any", {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}),
    ],
)
def test_metrics(telemetry: Telemetry, client: Make, attributes: dict[str, Any], scope: str, theirs: set[str]) -> None:
    """What the neighbour records is left to it, and all else is recorded."""
    with _current(telemetry, attributes, scope):
        list(_create(client("hello"), stream=True))
    assert set(telemetry.points()) == ALL - theirs
    telemetry.one_span()


def test_text_completions_of_openllmetry(telemetry: Telemetry, client: Make) -> None:
    """Where an instrumentor records nothing for one operation, we do."""
    with _current(telemetry, {"gen_ai.operation.name": "text_completion"}, "opentelemetry.instrumentation.openai.v1"):
        client("hello").completions.create(model="m", prompt="Say hello.")
    assert {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"} <= set(telemetry.points())


def test_util_genai(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """An outer invocation takes over our facts for its span, its event and its metrics, which we leave to it."""
    telemetry.again([openrouter.url], capture_content="span_and_event", metric_attributes=["user.id"])
    shared = Shared()
    with _current(telemetry, CHAT), _sharing(shared):
        list(_create(client("hello"), stream=True, user="u-1"))
    assert set(telemetry.points()) == {"gen_ai.usage.cost"}
    assert not telemetry.emitted.records
    assert shared.attributes["gen_ai.provider.name"] == "openrouter"
    assert shared.attributes["gen_ai.usage.cost"] == 0.00014
    assert not [name for name in shared.attributes if name.startswith("gen_ai.response")]
    assert shared.metric_attributes["openrouter.provider.name"] == "OpenAI"
    assert shared.metric_attributes["gen_ai.provider.name"] == "openrouter"
    assert shared.metric_attributes["user.id"] == "u-1"
    assert (shared.usage_input_tokens, shared.usage_output_tokens) == (43, 120)
    assert "gen_ai.output.messages" in _told(telemetry)


def test_util_genai_unsampled(telemetry: Telemetry, client: Make) -> None:
    """A span that is not sampled is a neighbour all the same: no second one, and nothing is counted twice."""
    unsampled, shared = Telemetry(ALWAYS_OFF), Shared()
    with _current(unsampled, CHAT), _sharing(shared):
        list(_create(client("hello"), stream=True))
        _create(client("hello"))
    assert not telemetry.raw_spans
    assert set(telemetry.points()) == {"gen_ai.usage.cost"}
    assert shared.metric_attributes["openrouter.provider.name"] == "OpenAI"


def test_util_genai_without_spans(telemetry: Telemetry, client: Make) -> None:
    """Where nobody traces, two invocations at once have the same span of nothing, and are two all the same."""
    first, second = Shared(), Shared()
    with _sharing(first):
        stream = _create(client("hello"), stream=True)
    with _sharing(second):
        _create(client("served_elsewhere"))
    list(stream)
    assert first.attributes["gen_ai.usage.cost"] == 0.00014
    assert second.attributes["gen_ai.usage.cost"] == 7.1e-06
    assert not telemetry.raw_spans


def test_util_genai_embeddings(telemetry: Telemetry, client: Make) -> None:
    """Embeddings have a key of their own, and fewer fields."""
    shared: Any = Shared()
    del shared.usage_output_tokens
    with _current(telemetry, {"gen_ai.operation.name": "embeddings"}), _sharing(shared, EMBEDDING_KEY):
        client("embedding").embeddings.create(model="m", input="x")
    assert shared.usage_input_tokens == 7
    assert not hasattr(shared, "usage_output_tokens")
    assert set(telemetry.points()) == {"gen_ai.usage.cost"}


def test_cost_adds_up(telemetry: Telemetry, client: Make) -> None:
    """One span that covers several calls has what they cost together, to the last digit, and the last one's provider."""
    with _current(telemetry, CHAT):
        _create(client("hello"))
        _create(client("served_elsewhere"))
    told = _told(telemetry)
    assert told["gen_ai.usage.cost"] == told["openrouter.usage.cost"] == 0.0001471
    assert told["openrouter.provider.name"] == "DeepInfra"
    ((_, first, _), (_, second, _)) = telemetry.points()["gen_ai.usage.cost"]
    assert first + second == 2


def test_two_at_once(telemetry: Telemetry, client: Make) -> None:
    """A second call, while the first one's stream is open, is another one."""
    with _current(telemetry, CHAT) as theirs:
        stream = _create(client("hello"), stream=True)
        _create(client("served_elsewhere"))
        list(stream)
        _create(client("free"))
    ours, carrier = telemetry.raw_spans
    assert (ours.attributes or {})["gen_ai.usage.cost"] == 7.1e-06
    assert ours.parent == theirs.get_span_context()
    assert (carrier.attributes or {})["gen_ai.usage.cost"] == 0.00014


@pytest.mark.parametrize(
    ("attributes", "endpoint"),
    [
        (CHAT, "embeddings"),
        (CHAT, "rerank"),
        ({"gen_ai.operation.name": "embeddings"}, "chat"),
        ({"gen_ai.operation.name": "invoke_agent"}, "chat"),
        ({"gen_ai.operation.name": "execute_tool"}, "chat"),
        ({"openinference.span.kind": "CHAIN"}, "chat"),
        ({"openinference.span.kind": "LLM"}, "embeddings"),
        ({}, "chat"),
    ],
)
def test_not_the_same_call(
    telemetry: Telemetry, openrouter: Simulator, attributes: dict[str, Any], endpoint: str
) -> None:
    """A span of another operation, of an agent or of a tool is a parent and no more."""
    request = {"chat": REQUEST, "embeddings": {"input": "x"}, "rerank": {"query": "q", "documents": ["d"]}}[endpoint]
    with _current(telemetry, attributes) as theirs:
        ways(endpoint)[0]["post"](openrouter.base_url("hello"), {"model": "m", **request})
    ours, _ = telemetry.raw_spans
    assert ours.parent == theirs.get_span_context()
    assert (ours.attributes or {})["gen_ai.provider.name"] == "openrouter"


def test_a_call_within_our_own(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """A call made while another is sent, by a hook of the HTTP library, is a call of its own."""
    inner = client("served_elsewhere")
    http: Any = openai.DefaultHttpxClient

    def hook(_: Any) -> None:
        _create(inner)

    with http(event_hooks={"request": [hook]}) as hooked:
        _create(client("hello", http_client=hooked))
    first, second = telemetry.raw_spans
    assert first.parent == second.context
    assert (first.attributes or {})["gen_ai.usage.cost"] == 7.1e-06
    assert (second.attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_a_neighbour_that_ends_too_early(telemetry: Telemetry, client: Make) -> None:
    """Its span is gone when the cost comes: then we open our own, begun when the call began, and count all."""
    with _current(telemetry, CHAT):
        stream = _create(client("hello"), stream=True)
    list(stream)
    theirs, ours = telemetry.raw_spans
    assert (theirs.attributes or {})["gen_ai.provider.name"] == "openrouter"
    assert (ours.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert ours.parent == theirs.context
    assert ours.start_time is not None
    assert theirs.end_time is not None
    assert ours.start_time < theirs.end_time
    assert set(telemetry.points()) == ALL
    assert not telemetry.started.open


def test_util_genai_that_ends_too_early(telemetry: Telemetry, client: Make) -> None:
    """It recorded its duration; the tokens it could not know."""
    with _current(telemetry, CHAT), _sharing(Shared()):
        stream = _create(client("hello"), stream=True)
    list(stream)
    assert set(telemetry.points()) == {"gen_ai.usage.cost", "gen_ai.client.token.usage"}


def test_a_neighbour_that_ends_with_the_usage(telemetry: Telemetry, client: Make) -> None:
    """It ends its span as soon as it has seen the chunk with the usage; by then it has been told, and only once."""
    with _current(telemetry, CHAT, end=False) as theirs:
        for chunk in _create(client("served_elsewhere"), stream=True):
            if chunk.usage is not None:
                theirs.end()
    told = _told(telemetry)
    assert told["gen_ai.usage.cost"] == 7.1e-06
    assert told["openrouter.provider.name"] == "DeepInfra"


def test_left_early(telemetry: Telemetry, client: Make) -> None:
    """A stream that is left before its usage came makes no second span, where the neighbour ended its own."""
    with _current(telemetry, CHAT):
        stream = _create(client("slow"), stream=True)
        next(stream)
    stream.close()
    assert telemetry.one_span().name == "theirs"


def test_left_early_in_time(telemetry: Telemetry, client: Make) -> None:
    """And where it did not, its span says that it was left."""
    with _current(telemetry, CHAT), _create(client("slow"), stream=True) as stream:
        next(stream)
    assert _told(telemetry)["openrouter.stream.cancelled"] is True


def test_an_exception_is_the_neighbours_to_judge(telemetry: Telemetry, client: Make) -> None:
    """It sees what is raised, and may know of a second attempt; we say what it was."""
    with _current(telemetry, CHAT):
        with pytest.raises(openai.RateLimitError):
            _create(client("rate_limited"))
        _create(client("hello"))
    span = telemetry.one_span()
    assert span.status.status_code is StatusCode.UNSET
    assert _told(telemetry)["error.type"] == "rate_limit_exceeded"
    assert _told(telemetry)["gen_ai.usage.cost"] == 0.00014


def test_an_error_that_nobody_raises(telemetry: Telemetry, client: Make) -> None:
    """The neighbour cannot know: the status is ours."""
    with _current(telemetry, CHAT):
        _create(client("error_in_200"))
    span = telemetry.one_span()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "Upstream error from Nvidia: Service temporarily overloaded"


@pytest.mark.parametrize("key", ["suppress_instrumentation", "suppress_language_model_instrumentation"])
def test_suppressed_by_the_neighbour(telemetry: Telemetry, client: Make, key: str) -> None:
    """Who traces a call itself and suppresses others has no second span, and a true one."""
    with _current(telemetry, CHAT, "logfire.openai"):
        token = otel_context.attach(otel_context.set_value(key, True))
        _create(client("hello"))
        otel_context.detach(token)
    assert _told(telemetry)["gen_ai.usage.cost"] == 0.00014


def test_suppressed_elsewhere(telemetry: Telemetry, client: Make) -> None:
    """Without a span for the call, suppression means what it says."""
    with _current(telemetry, {}), suppress_instrumentation():
        _create(client("hello"))
    assert _told(telemetry) == {}
    assert not telemetry.points()


def test_events(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The event that carries content is ours where the neighbour emits none of that name."""
    telemetry.again([openrouter.url], capture_content="event_only")
    with _current(telemetry, CHAT):
        _create(client("hello"))
    assert len(telemetry.emitted.records) == 1


def test_a_span_that_shows_nothing(telemetry: Telemetry, client: Make) -> None:
    """A span of another implementation, without readable attributes, is a parent."""
    span = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1)))
    span.is_recording = lambda: True
    with trace.use_span(span):
        _create(client("hello"))
    assert telemetry.one_span().parent == span.get_span_context()

"""The span of another instrumentation for the same call gets our attributes, and nothing is counted twice.

The other instrumentations are simulated here; `tests/interop/instrumentors` runs the real ones.
"""

import contextlib
from collections.abc import Callable, Generator
from typing import Any, Final

import openai
import pytest
import wrapt
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span, StatusCode

from tests.calling_styles import NON_STREAMED, STREAMED, CallingStyle, styles_of
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

ClientFactory = Callable[..., openai.OpenAI]
CHAT: Final = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "other-model"}
INFERENCE_KEY: Final = "opentelemetry.genai.client.inference.context"
EMBEDDING_KEY: Final = "opentelemetry.genai.client.embedding.context"
ALL: Final = {
    "gen_ai.client.operation.duration",
    "gen_ai.client.token.usage",
    "gen_ai.usage.cost",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
}


class Invocation:
    """The invocation object that opentelemetry-util-genai keeps in the context."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.metric_attributes: dict[str, Any] = {}
        self.usage_input_tokens: int | None = None
        self.usage_output_tokens: int | None = None


@contextlib.contextmanager
def _enclosing_span(
    telemetry: Telemetry, attributes: dict[str, Any], scope: str = "other", end: bool = True
) -> Generator[Span]:
    tracer = telemetry.tracer_provider.get_tracer(scope)
    with tracer.start_as_current_span("enclosing", attributes=attributes, end_on_exit=end) as span:
        yield span


@contextlib.contextmanager
def _with_invocation(invocation: Invocation, key: str = INFERENCE_KEY) -> Generator[None]:
    token = otel_context.attach(otel_context.set_value(key, invocation))
    yield
    otel_context.detach(token)


class OpenInferenceSpan(wrapt.ObjectProxy):  # pyright: ignore[reportMissingTypeArgument] - older wrapt has no type parameter
    """A span as OpenInference wraps it: it sets its kind at its end, unless it was given when the span was started."""

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self._self_important_attributes: dict[str, Any] = {}

    def set_attribute(self, key: str, value: Any) -> None:
        if key == "openinference.span.kind":
            self._self_important_attributes[key] = value
        else:
            self.__wrapped__.set_attribute(key, value)

    def set_attributes(self, attributes: dict[str, Any]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def end(self, end_time: int | None = None) -> None:
        self.__wrapped__.set_attributes(self._self_important_attributes)
        self.__wrapped__.end(end_time)


def _create(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(**{**REQUEST, **more})


def _attributes(telemetry: Telemetry) -> dict[str, Any]:
    return dict(telemetry.one_span().attributes or {})


@pytest.mark.parametrize("style", [*NON_STREAMED.values(), *STREAMED.values()], ids=[*NON_STREAMED, *STREAMED])
def test_one_span(telemetry: Telemetry, openrouter: Simulator, style: CallingStyle) -> None:
    """The enclosing span keeps its own attributes, and gets those that it lacks; no second span is created."""
    with _enclosing_span(telemetry, CHAT):
        style(openrouter.base_url("hello"), REQUEST)
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert span.name == "enclosing"
    assert attributes["gen_ai.provider.name"] == "openrouter"
    assert attributes["gen_ai.request.model"] == "other-model"
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert attributes["openrouter.provider.name"] == "OpenAI"
    assert attributes["gen_ai.usage.input_tokens"] == 43
    assert set(telemetry.points()) & ALL >= {"gen_ai.usage.cost"}
    assert not set(telemetry.points()) & {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


@pytest.mark.parametrize(
    ("attributes", "scope", "recorded"),
    [
        (CHAT, "any", {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}),
        (CHAT, "logfire.openai", set[str]()),
        (CHAT, "logfire.anthropic", set[str]()),
        (CHAT, "strands.telemetry.tracer", set[str]()),
        (CHAT, "pydantic-ai", {"gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk"}),
        ({"openinference.span.kind": "LLM"}, "any", set[str]()),
        ({"llm.request.type": "chat"}, "any", {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}),
    ],
)
def test_metrics(
    telemetry: Telemetry, client: ClientFactory, attributes: dict[str, Any], scope: str, recorded: set[str]
) -> None:
    """Metrics that the other instrumentation records are skipped; all others are recorded."""
    with _enclosing_span(telemetry, attributes, scope):
        list(_create(client("hello"), stream=True))
    assert set(telemetry.points()) == ALL - recorded
    telemetry.one_span()


@pytest.mark.parametrize(
    ("kind", "spans"), [("LLM", ["completion"]), ("CHAIN", ["chat openai/gpt-4o-mini", "completion"])]
)
def test_kind_that_is_set_at_the_end(telemetry: Telemetry, client: ClientFactory, kind: str, spans: list[str]) -> None:
    """OpenInference's instrumentor of LiteLLM gives the kind of its span after its start: the span is recognized."""
    tracer = telemetry.tracer_provider.get_tracer("openinference.instrumentation.litellm")
    span: Any = OpenInferenceSpan(tracer.start_span("completion"))
    with trace.use_span(span):
        span.set_attribute("openinference.span.kind", kind)
        _create(client("hello"))
        span.end()
    assert [each.name for each in telemetry.raw_spans] == spans
    assert (telemetry.raw_spans[0].attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert (telemetry.raw_spans[-1].attributes or {})["openinference.span.kind"] == kind
    assert set(telemetry.points()) >= {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}


def test_text_completions_of_openllmetry(telemetry: Telemetry, client: ClientFactory) -> None:
    """OpenLLMetry records no metrics for text completions, so we record them."""
    with _enclosing_span(
        telemetry, {"gen_ai.operation.name": "text_completion"}, "opentelemetry.instrumentation.openai.v1"
    ):
        client("hello").completions.create(model="m", prompt="Say hello.")
    assert {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"} <= set(telemetry.points())


def test_util_genai(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """A util-genai invocation gets our attributes; it records its own span, event and metrics, so we skip those."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event", metric_attributes=["user.id"])
    invocation = Invocation()
    with _enclosing_span(telemetry, CHAT), _with_invocation(invocation):
        list(_create(client("hello"), stream=True, user="u-1"))
    assert set(telemetry.points()) == {"gen_ai.usage.cost"}
    assert not telemetry.emitted.records
    assert invocation.attributes["gen_ai.provider.name"] == "openrouter"
    assert invocation.attributes["gen_ai.usage.cost"] == 0.00014
    assert not [name for name in invocation.attributes if name.startswith("gen_ai.response")]
    assert invocation.metric_attributes["openrouter.provider.name"] == "OpenAI"
    assert invocation.metric_attributes["gen_ai.provider.name"] == "openrouter"
    assert invocation.metric_attributes["user.id"] == "u-1"
    assert (invocation.usage_input_tokens, invocation.usage_output_tokens) == (43, 120)
    assert "gen_ai.output.messages" in _attributes(telemetry)


def test_util_genai_unsampled(telemetry: Telemetry, client: ClientFactory) -> None:
    """An unsampled enclosing span prevents a second span, and nothing is counted twice."""
    unsampled, invocation = Telemetry(ALWAYS_OFF), Invocation()
    with _enclosing_span(unsampled, CHAT), _with_invocation(invocation):
        list(_create(client("hello"), stream=True))
        _create(client("hello"))
    assert not telemetry.raw_spans
    assert set(telemetry.points()) == {"gen_ai.usage.cost"}
    assert invocation.metric_attributes["openrouter.provider.name"] == "OpenAI"


def test_util_genai_without_spans(telemetry: Telemetry, client: ClientFactory) -> None:
    """Without a tracer provider, two concurrent invocations share one invalid span but are distinguished."""
    first, second = Invocation(), Invocation()
    with _with_invocation(first):
        stream = _create(client("hello"), stream=True)
    with _with_invocation(second):
        _create(client("served_elsewhere"))
    list(stream)
    assert first.attributes["gen_ai.usage.cost"] == 0.00014
    assert second.attributes["gen_ai.usage.cost"] == 7.1e-06
    assert not telemetry.raw_spans


def test_util_genai_embeddings(telemetry: Telemetry, client: ClientFactory) -> None:
    """An embeddings invocation has another context key and fewer fields."""
    invocation: Any = Invocation()
    del invocation.usage_output_tokens
    with (
        _enclosing_span(telemetry, {"gen_ai.operation.name": "embeddings"}),
        _with_invocation(invocation, EMBEDDING_KEY),
    ):
        client("embedding").embeddings.create(model="m", input="x")
    assert invocation.usage_input_tokens == 7
    assert not hasattr(invocation, "usage_output_tokens")
    assert set(telemetry.points()) == {"gen_ai.usage.cost"}


def test_cost_adds_up(telemetry: Telemetry, client: ClientFactory) -> None:
    """A span that covers several calls has their exact total cost and the provider of the last call."""
    with _enclosing_span(telemetry, CHAT):
        _create(client("hello"))
        _create(client("served_elsewhere"))
    attributes = _attributes(telemetry)
    assert attributes["gen_ai.usage.cost"] == attributes["openrouter.usage.cost"] == 0.0001471
    assert attributes["openrouter.provider.name"] == "DeepInfra"
    ((_, first, _), (_, second, _)) = telemetry.points()["gen_ai.usage.cost"]
    assert first + second == 2


def test_concurrent_calls(telemetry: Telemetry, client: ClientFactory) -> None:
    """A call during another call's open stream gets a span of its own."""
    with _enclosing_span(telemetry, CHAT) as enclosing:
        stream = _create(client("hello"), stream=True)
        _create(client("served_elsewhere"))
        list(stream)
        _create(client("free"))
    own, enclosing = telemetry.raw_spans
    assert (own.attributes or {})["gen_ai.usage.cost"] == 7.1e-06
    assert own.parent == enclosing.get_span_context()
    assert (enclosing.attributes or {})["gen_ai.usage.cost"] == 0.00014


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
    """A span of another operation, of an agent or of a tool is only the parent."""
    request = {"chat": REQUEST, "embeddings": {"input": "x"}, "rerank": {"query": "q", "documents": ["d"]}}[endpoint]
    with _enclosing_span(telemetry, attributes) as enclosing:
        styles_of(endpoint)[0]["post"](openrouter.base_url("hello"), {"model": "m", **request})
    own, _ = telemetry.raw_spans
    assert own.parent == enclosing.get_span_context()
    assert (own.attributes or {})["gen_ai.provider.name"] == "openrouter"


def test_nested_call(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """A call that an HTTP hook makes while another call is sent gets a span of its own."""
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


def test_enclosing_span_ends_before_the_usage(telemetry: Telemetry, client: ClientFactory) -> None:
    """If the enclosing span ends before the usage arrives, an own span starts at the call's start, with all metrics."""
    with _enclosing_span(telemetry, CHAT):
        stream = _create(client("hello"), stream=True)
    list(stream)
    enclosing, own = telemetry.raw_spans
    assert (enclosing.attributes or {})["gen_ai.provider.name"] == "openrouter"
    assert (own.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert own.parent == enclosing.context
    assert own.start_time is not None
    assert enclosing.end_time is not None
    assert own.start_time < enclosing.end_time
    assert set(telemetry.points()) == ALL
    assert not telemetry.started.open


def test_util_genai_ends_before_the_usage(telemetry: Telemetry, client: ClientFactory) -> None:
    """The invocation records the duration; tokens and cost, which it cannot know, are recorded by us."""
    with _enclosing_span(telemetry, CHAT), _with_invocation(Invocation()):
        stream = _create(client("hello"), stream=True)
    list(stream)
    assert set(telemetry.points()) == {"gen_ai.usage.cost", "gen_ai.client.token.usage"}


def test_enclosing_span_ends_with_the_usage(telemetry: Telemetry, client: ClientFactory) -> None:
    """An enclosing span that ends at the usage chunk has our attributes by then, and no second span is created."""
    with _enclosing_span(telemetry, CHAT, end=False) as enclosing:
        for chunk in _create(client("served_elsewhere"), stream=True):
            if chunk.usage is not None:
                enclosing.end()
    attributes = _attributes(telemetry)
    assert attributes["gen_ai.usage.cost"] == 7.1e-06
    assert attributes["openrouter.provider.name"] == "DeepInfra"


def test_left_early(telemetry: Telemetry, client: ClientFactory) -> None:
    """A stream left before its usage, after the enclosing span ended, does not create a second span."""
    with _enclosing_span(telemetry, CHAT):
        stream = _create(client("slow"), stream=True)
        next(stream)
    stream.close()
    assert telemetry.one_span().name == "enclosing"


def test_left_early_in_an_open_span(telemetry: Telemetry, client: ClientFactory) -> None:
    """A stream left before the enclosing span ends is marked as cancelled on that span."""
    with _enclosing_span(telemetry, CHAT), _create(client("slow"), stream=True) as stream:
        next(stream)
    assert _attributes(telemetry)["openrouter.stream.cancelled"] is True


def test_exception_leaves_the_status(telemetry: Telemetry, client: ClientFactory) -> None:
    """A raised exception sets `error.type` only: the other instrumentation sets the status, and may see a retry."""
    with _enclosing_span(telemetry, CHAT):
        with pytest.raises(openai.RateLimitError):
            _create(client("rate_limited"))
        _create(client("hello"))
    span = telemetry.one_span()
    assert span.status.status_code is StatusCode.UNSET
    assert _attributes(telemetry)["error.type"] == "rate_limit_exceeded"
    assert _attributes(telemetry)["gen_ai.usage.cost"] == 0.00014


def test_error_without_exception_sets_the_status(telemetry: Telemetry, client: ClientFactory) -> None:
    """An error in a response with status 200 sets the status, because the other instrumentation cannot see it."""
    with _enclosing_span(telemetry, CHAT):
        _create(client("error_in_200"))
    span = telemetry.one_span()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "Upstream error from Nvidia: Service temporarily overloaded"


@pytest.mark.parametrize(("scope", "provider"), [("agent_framework", "openrouter"), ("any", "openai")])
def test_provider_that_is_set_at_the_end(
    telemetry: Telemetry, client: ClientFactory, scope: str, provider: str
) -> None:
    """Agent Framework sets its provider again after the call; other instrumentations do not."""
    with _enclosing_span(telemetry, CHAT, scope):
        _create(client("hello"))
        trace.get_current_span().set_attribute("gen_ai.provider.name", "openai")
    attributes = _attributes(telemetry)
    assert attributes["gen_ai.provider.name"] == provider
    assert attributes["openrouter.provider.name"] == "OpenAI"


def test_nothing_is_set_on_a_span_that_has_ended(
    telemetry: Telemetry, client: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that is closed after the other instrumentation ended its span logs no warnings of the SDK."""
    with _enclosing_span(telemetry, CHAT):
        stream = _create(client("hello"), stream=True)
        chunks = [next(stream)]
        while chunks[-1].usage is None:
            chunks.append(next(stream))
    stream.close()
    with _enclosing_span(telemetry, CHAT):
        stream = _create(client("error_in_stream"), stream=True)
        next(stream)
    with pytest.raises(openai.APIError):
        list(stream)
    assert [record.getMessage() for record in caplog.records] == []
    costs = [(span.attributes or {}).get("gen_ai.usage.cost") for span in telemetry.raw_spans]
    assert 0.00014 in costs


@pytest.mark.parametrize("key", ["suppress_instrumentation", "suppress_language_model_instrumentation"])
def test_suppressed_by_the_other_instrumentation(telemetry: Telemetry, client: ClientFactory, key: str) -> None:
    """An instrumentation that suppresses others during its own call still gets our attributes, without a second span."""
    with _enclosing_span(telemetry, CHAT, "logfire.openai"):
        token = otel_context.attach(otel_context.set_value(key, True))
        _create(client("hello"))
        otel_context.detach(token)
    assert _attributes(telemetry)["gen_ai.usage.cost"] == 0.00014


def test_suppressed_elsewhere(telemetry: Telemetry, client: ClientFactory) -> None:
    """Without a span for the call, suppression disables tracing."""
    with _enclosing_span(telemetry, {}), suppress_instrumentation():
        _create(client("hello"))
    assert _attributes(telemetry) == {}
    assert not telemetry.points()


def test_events(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """The content event is emitted if the other instrumentation does not emit one of that name."""
    telemetry.reinstrument([openrouter.url], capture_content="event_only")
    with _enclosing_span(telemetry, CHAT):
        _create(client("hello"))
    assert len(telemetry.emitted.records) == 1


def test_span_without_readable_attributes(telemetry: Telemetry, client: ClientFactory) -> None:
    """A span without readable attributes, of another implementation, is only the parent."""
    span = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1)))
    span.is_recording = lambda: True
    with trace.use_span(span):
        _create(client("hello"))
    assert telemetry.one_span().parent == span.get_span_context()

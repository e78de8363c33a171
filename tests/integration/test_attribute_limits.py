"""Spans with more attributes than the SDK's limit: what matters most remains, with and without dialects and content."""

import json
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

ClientFactory = Callable[..., openai.OpenAI]

ESSENTIAL: Final = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openrouter",
    "gen_ai.request.model": "openai/gpt-4o-mini",
}
ANSWERED: Final = {
    **ESSENTIAL,
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "openrouter.provider.name": "OpenAI",
    "gen_ai.usage.cost": 0.00014,
}
PARAMETERS: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "temperature": 0.5,
    "top_p": 0.5,
    "max_tokens": 5,
    "seed": 1,
    "user": "u-1",
    "extra_body": {"session_id": "s-1", "metadata": {str(number): "x" for number in range(16)}},
}


def _limit(telemetry: Telemetry, limits: SpanLimits) -> None:
    telemetry.tracer_provider = TracerProvider(span_limits=limits, shutdown_on_exit=False)
    telemetry.tracer_provider.add_span_processor(telemetry.started)
    telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(telemetry.exporter))


def _conversation(turns: int) -> list[Any]:
    return [{"role": "user", "content": f"Message {number}"} for number in range(turns)]


@pytest.mark.parametrize("messages", [1, 200])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("capture", ["no_content", "span_only"])
@pytest.mark.parametrize("dialects", [[], ["arize"], list(DIALECTS)], ids=["none", "arize", "all"])
def test_limit_of_ten(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: ClientFactory,
    monkeypatch: pytest.MonkeyPatch,
    dialects: list[str],
    capture: str,
    stream: bool,
    messages: int,
) -> None:
    """With ten attributes, an answered call has cost, operation, models and providers."""
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "10")
    _limit(telemetry, SpanLimits())
    telemetry.reinstrument([openrouter.url], dialects=dialects, capture_content=capture)
    response = client("hello").chat.completions.create(**PARAMETERS, messages=_conversation(messages), stream=stream)
    if stream:
        list(response)
    attributes = dict(telemetry.one_span().attributes or {})
    assert len(attributes) == 10
    assert {name: attributes[name] for name in ANSWERED} == ANSWERED
    if dialects:
        assert len([name for name in attributes if "cost" in name]) >= 3


@pytest.mark.parametrize("dialects", [[], ["arize"]])
def test_failed_call(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, dialects: list[str]) -> None:
    """With ten attributes, a failed call has its error."""
    _limit(telemetry, SpanLimits(max_span_attributes=10))
    telemetry.reinstrument([openrouter.url], dialects=dialects, capture_content="span_only")
    with pytest.raises(openai.InternalServerError):
        client("bad_gateway").chat.completions.create(**PARAMETERS, messages=_conversation(100))
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert {name: attributes[name] for name in ESSENTIAL} == ESSENTIAL
    assert attributes["error.type"] == "provider_unavailable"
    assert span.status.description


@pytest.mark.parametrize("limit", [0, 1])
def test_smallest_limits(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, limit: int) -> None:
    """With one attribute the cost remains; with none the call is recorded all the same."""
    _limit(telemetry, SpanLimits(max_span_attributes=limit))
    telemetry.reinstrument([openrouter.url], dialects=["arize"], capture_content="span_only")
    client("hello").chat.completions.create(**REQUEST)
    assert dict(telemetry.one_span().attributes or {}) == ({"gen_ai.usage.cost": 0.00014} if limit else {})


def test_long_conversation(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """With the default limit, a long conversation has its last messages, and no other attribute is lost."""
    telemetry.reinstrument([openrouter.url], dialects=["arize"], capture_content="span_only")
    client("hello").chat.completions.create(**PARAMETERS, messages=_conversation(2))
    short = telemetry.one_span().attributes or {}
    telemetry.exporter.clear()
    client("hello").chat.completions.create(**PARAMETERS, messages=_conversation(1000))
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert span.dropped_attributes == 0
    assert not {name for name in short if not name.startswith("llm.input_messages.")} - attributes.keys()
    omitted = attributes["openrouter.omitted.input_messages"]
    assert isinstance(omitted, int)
    assert 940 < omitted < 999
    shown = {index: f"Message {index}" for index in range(omitted, 1000)}
    prefix, suffix = "llm.input_messages.", ".message.content"
    assert {
        int(name.removeprefix(prefix).removesuffix(suffix)): value
        for name, value in attributes.items()
        if name.startswith(prefix) and name.endswith(suffix)
    } == shown
    assert len(json.loads(str(attributes["gen_ai.input.messages"]))) == 1000


def test_no_limit(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """Without a limit, all messages are attributes."""
    _limit(telemetry, SpanLimits(max_span_attributes=SpanLimits.UNSET))
    telemetry.reinstrument([openrouter.url], dialects=["arize"], capture_content="span_only")
    client("hello").chat.completions.create(model="m", messages=_conversation(300))
    attributes = telemetry.one_span().attributes or {}
    assert attributes["llm.input_messages.0.message.content"] == "Message 0"
    assert "openrouter.omitted.input_messages" not in attributes


@pytest.mark.parametrize("dialects", [[], ["arize", "posthog"]])
@pytest.mark.parametrize("marker", [{"gen_ai.operation.name": "chat"}, {"openinference.span.kind": "LLM"}])
def test_full_enclosing_span(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, marker: dict[str, str], dialects: list[str]
) -> None:
    """An enclosing span that is full before the call, and to which more is added after it, has what matters most."""
    telemetry.reinstrument([openrouter.url], dialects=dialects, capture_content="span_only")
    before = {f"before.{number}": number for number in range(126)}
    tracer = telemetry.tracer_provider.get_tracer("other")
    with tracer.start_as_current_span("enclosing", attributes={**before, **marker}) as span:
        for _ in range(2):
            client("hello").chat.completions.create(**PARAMETERS, messages=_conversation(100))
        for number in range(500):
            span.set_attribute(f"after.{number}", number)
    attributes = dict(telemetry.one_span().attributes or {})
    expected = {**ANSWERED, "gen_ai.usage.cost": 0.00028}
    assert {name: attributes[name] for name in expected} == expected
    if dialects:
        assert attributes["llm.cost.total"] == attributes["$ai_total_cost_usd"] == 0.00028


def test_messages_after_the_call(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """OpenInference records messages just before it ends its span: what matters most remains, without any option."""
    tracer = telemetry.tracer_provider.get_tracer("other")
    with tracer.start_as_current_span("enclosing", attributes={"openinference.span.kind": "LLM"}) as span:
        client("hello").chat.completions.create(**REQUEST)
        span.set_attributes({f"llm.input_messages.{number}.message.role": "user" for number in range(500)})
    attributes = dict(telemetry.one_span().attributes or {})
    assert {name: attributes[name] for name in ANSWERED} == ANSWERED


def test_span_within_its_limit_is_not_changed(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory
) -> None:
    """The method `end` of an enclosing span is replaced only if the span may lose attributes."""
    tracer = telemetry.tracer_provider.get_tracer("other")
    with tracer.start_as_current_span("enclosing", attributes={"gen_ai.operation.name": "chat"}) as span:
        client("hello").chat.completions.create(**REQUEST)
        assert "end" not in vars(span)


def test_enclosing_span_with_its_own_messages(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory
) -> None:
    """A span of OpenInference has the messages that its instrumentation records, and none of ours among them."""
    telemetry.reinstrument([openrouter.url], dialects=["arize"], capture_content="span_only")
    tracer = telemetry.tracer_provider.get_tracer("other")
    with tracer.start_as_current_span("enclosing", attributes={"openinference.span.kind": "LLM"}):
        client("hello").chat.completions.create(**REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert not [name for name in attributes if name.startswith(("llm.input_messages", "llm.output_messages"))]
    assert attributes["llm.cost.total"] == 0.00014

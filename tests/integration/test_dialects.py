"""Dialects on the spans of real calls: own and enclosing spans, one dialect or several."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openai
import pytest
from opentelemetry.instrumentation.openrouter._config import PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._telemetry.dialects import COST_ATTRIBUTES, DIALECTS
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tests.calling_styles import NON_STREAMED, STREAMED, CallingStyle
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

ClientFactory = Callable[..., openai.OpenAI]


def test_attribute_length_limit(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """An attribute length limit that truncates the messages does not affect the cost."""
    provider = TracerProvider(span_limits=SpanLimits(max_span_attribute_length=50))
    provider.add_span_processor(SimpleSpanProcessor(telemetry.exporter))
    telemetry.tracer_provider = provider
    telemetry.reinstrument([openrouter.url], dialects=["arize"], capture_content="span_only")
    client("hello").chat.completions.create(**REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["llm.cost.total"] == attributes["gen_ai.usage.cost"]
    assert len(str(attributes["input.value"])) == 50


@pytest.mark.parametrize("style", [*NON_STREAMED.values(), *STREAMED.values()], ids=[*NON_STREAMED, *STREAMED])
def test_every_calling_style(telemetry: Telemetry, openrouter: Simulator, style: CallingStyle) -> None:
    """All dialects together add their attributes and leave the standard ones unchanged."""
    style(openrouter.base_url("byok"), REQUEST)
    plain = dict(telemetry.one_span().attributes or {})
    telemetry.exporter.clear()
    telemetry.reinstrument([openrouter.url], dialects=list(DIALECTS))
    style(openrouter.base_url("byok"), REQUEST)
    attributes = dict(telemetry.one_span().attributes or {})
    times = {name for name in plain if ".time_to_" in name}
    assert {name: attributes[name] for name in plain if name not in times} == {
        name: plain[name] for name in plain if name not in times
    }
    added = attributes.keys() - plain.keys()
    assert {name for name in added if name in COST_ATTRIBUTES} >= {
        "llm.cost.total",
        "mlflow.llm.cost",
        "operation.cost",
    }
    assert attributes["llm.cost.total"] == attributes["operation.cost"] == attributes["gen_ai.usage.cost"]
    assert json.loads(str(attributes["mlflow.llm.cost"]))["total_cost"] == attributes["gen_ai.usage.cost"]
    assert ("langfuse.observation.completion_start_time" in added) is bool(times)


def test_completion_start_time(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """The completion start time is within the span."""
    telemetry.reinstrument([openrouter.url], dialects=["langfuse"])
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    span = telemetry.one_span()
    assert span.start_time is not None
    assert span.end_time is not None
    moment = datetime.fromisoformat(
        json.loads(str((span.attributes or {})["langfuse.observation.completion_start_time"]))
    )
    assert int(span.start_time / 1e6) <= round(moment.timestamp() * 1000) <= int(span.end_time / 1e6) + 1


def test_content(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """A dialect has messages only if content is captured on the span."""
    for mode in ("no_content", "event_only", "span_only"):
        telemetry.exporter.clear()
        telemetry.reinstrument([openrouter.url], dialects=["arize"], capture_content=mode)
        client("hello").chat.completions.create(**REQUEST)
        attributes = dict(telemetry.one_span().attributes or {})
        assert ("input.value" in attributes) is (mode == "span_only")
        assert ("llm.output_messages.0.message.content" in attributes) is (mode == "span_only")
    assert attributes["input.value"] == attributes["gen_ai.input.messages"]


def test_failures(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """A failed call has a span kind and no cost."""
    telemetry.reinstrument([openrouter.url], dialects=["phoenix"])
    with pytest.raises(openai.InternalServerError):
        client("bad_gateway").chat.completions.create(**REQUEST)
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["openinference.span.kind"] == "LLM"
    assert "llm.cost.total" not in attributes


def test_not_sampled(openrouter: Simulator, client: ClientFactory) -> None:
    """A dialect does not affect a call whose span is not sampled."""
    telemetry = Telemetry(ALWAYS_OFF)
    telemetry.instrument([openrouter.url], dialects=["phoenix"])
    client("hello").chat.completions.create(**REQUEST)
    assert not telemetry.raw_spans


def test_enclosing_span(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """An enclosing span keeps its own attributes, except for the cost, which is the sum of its calls."""
    telemetry.reinstrument([openrouter.url], dialects=["phoenix", "mlflow"])
    own_attributes: dict[str, Any] = {
        "openinference.span.kind": "LLM",
        "llm.token_count.prompt": 1,
        "llm.cost.total": 7.0,
    }
    with telemetry.tracer_provider.get_tracer("other").start_as_current_span("enclosing", attributes=own_attributes):
        for _ in range(2):
            client("hello").chat.completions.create(**REQUEST)
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["llm.token_count.prompt"] == 1
    assert attributes["llm.cost.total"] == attributes["gen_ai.usage.cost"] == 0.00028
    assert json.loads(str(attributes["mlflow.llm.cost"]))["total_cost"] == 0.00028


def test_enclosing_span_that_ends_early(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """An enclosing span that ends at the usage chunk has the dialect's attributes by then."""
    telemetry.reinstrument([openrouter.url], dialects=["logfire"])
    at_usage: list[dict[str, Any]] = []
    attributes = {"gen_ai.operation.name": "chat"}
    tracer = telemetry.tracer_provider.get_tracer("other")
    with tracer.start_as_current_span("enclosing", attributes=attributes, end_on_exit=False) as span:
        for chunk in client("hello").chat.completions.create(**REQUEST, stream=True):
            if chunk.usage:
                span.end()
                at_usage.append(dict(telemetry.one_span().attributes or {}))
    assert at_usage[0]["operation.cost"] == at_usage[0]["gen_ai.usage.cost"] == 0.00014


def test_option(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """`dialects` is a list or a comma-separated variable, in any case; unknown names log one warning."""
    assert not read_settings().dialect
    monkeypatch.setenv(f"{PREFIX}DIALECTS", "Logfire, unknown,MLFLOW,none")
    assert set(read_settings().dialect) == {"operation.cost", *DIALECTS["mlflow"]}
    (record,) = caplog.records
    assert record.getMessage().startswith("dialects must be among arize, ")
    assert "got 'unknown', 'none'" in record.getMessage()
    assert set(read_settings(dialects=["sentry"]).dialect) == set(DIALECTS["sentry"])

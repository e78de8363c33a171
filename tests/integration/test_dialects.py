"""The words of each backend: a span's attributes in, words out; then on real spans, on neighbours', several at once."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter._config import PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._telemetry.dialect_values import SpanSnapshot
from opentelemetry.instrumentation.openrouter._telemetry.dialects import COST_ATTRIBUTES, DIALECTS, dialect_attributes
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tests.calling_styles import STREAMED, WHOLE, Way
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
INPUT: Final = json.dumps(
    [
        {"role": "user", "parts": [{"type": "text", "content": "Look"}, {"type": "uri", "uri": "https://a.example"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "sunny"}]},
    ]
)
OUTPUT: Final = json.dumps(
    [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Hm"},
                {"type": "text", "content": "It is"},
                {"type": "text", "content": "sunny"},
                {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}},
                {"type": "tool_call", "id": None, "name": "clock", "arguments": "{"},
            ],
            "finish_reason": "stop",
        }
    ]
)
CHAT: Final[dict[str, Any]] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "openrouter/auto",
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 200,
    "gen_ai.usage.cache_read.input_tokens": 400,
    "gen_ai.usage.cache_write.input_tokens": 100,
    "gen_ai.usage.reasoning.output_tokens": 50,
    "gen_ai.usage.cost": 0.0123,
    "openrouter.usage.input_cost": 0.0023,
    "openrouter.usage.output_cost": 0.01,
    "openrouter.response.time_to_first_token": 0.25,
    "openrouter.provider.name": "Azure",
    "user.id": "u-1",
    "session.id": "s-1",
}
OPENINFERENCE: Final[dict[str, Any]] = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "openai/gpt-4o-mini",
    "llm.token_count.prompt": 1000,
    "llm.token_count.completion": 200,
    "llm.token_count.total": 1200,
    "llm.token_count.prompt_details.cache_read": 400,
    "llm.token_count.prompt_details.cache_write": 100,
    "llm.token_count.completion_details.reasoning": 50,
    "llm.cost.total": 0.0123,
    "llm.cost.prompt": 0.0023,
    "llm.cost.completion": 0.01,
}


def _words(backend: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """The words, and JSON read."""
    found: dict[str, Any] = dialect_attributes(SpanSnapshot(attributes, 1_700_000_000_000_000_000), DIALECTS[backend])
    return {
        word: json.loads(value) if isinstance(value, str) and value.startswith(("{", '"')) else value
        for word, value in found.items()
    }


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("arize", OPENINFERENCE),
        ("phoenix", OPENINFERENCE),
        (
            "datadog",
            {
                "openinference.span.kind": "LLM",
                "llm.token_count.prompt_details.cache_read": 400,
                "llm.token_count.prompt_details.cache_write": 100,
                "llm.token_count.completion_details.reasoning": 50,
                "_dd.ml_obs.metadata": {
                    "openrouter": {"cost": 0.0123, "provider": "Azure", "time_to_first_token": 0.25}
                },
                "gen_ai.openrouter.provider.name": "Azure",
                "gen_ai.openrouter.user.id": "u-1",
            },
        ),
        (
            "langfuse",
            {
                "langfuse.observation.type": "generation",
                "langfuse.observation.cost_details": {"input": 0.0023, "output": 0.01, "total": 0.0123},
                "langfuse.observation.usage_details": {
                    "input": 500,
                    "input_cached_tokens": 400,
                    "input_cache_creation": 100,
                    "output": 150,
                    "output_reasoning_tokens": 50,
                    "total": 1200,
                },
                "langfuse.observation.completion_start_time": "2023-11-14T22:13:20.250+00:00",
            },
        ),
        (
            "mlflow",
            {
                "mlflow.spanType": "CHAT_MODEL",
                "mlflow.llm.cost": {"input_cost": 0.0023, "output_cost": 0.01, "total_cost": 0.0123},
                "mlflow.chat.tokenUsage": {
                    "input_tokens": 1000,
                    "output_tokens": 200,
                    "total_tokens": 1200,
                    "cache_read_input_tokens": 400,
                    "cache_creation_input_tokens": 100,
                },
            },
        ),
        (
            "posthog",
            {
                "$ai_total_cost_usd": 0.0123,
                "$ai_input_cost_usd": 0.0023,
                "$ai_output_cost_usd": 0.01,
                "$ai_time_to_first_token": 0.25,
                "$ai_session_id": "s-1",
            },
        ),
        ("logfire", {"operation.cost": 0.0123}),
        (
            "sentry",
            {
                "gen_ai.cost.total_tokens": 0.0123,
                "gen_ai.cost.input_tokens": 0.0023,
                "gen_ai.cost.output_tokens": 0.01,
            },
        ),
        (
            "langsmith",
            {
                "langsmith.span.kind": "llm",
                "langsmith.usage_metadata": {
                    "input_tokens": 1000,
                    "output_tokens": 200,
                    "total_tokens": 1200,
                    "input_token_details": {"cache_read": 400, "cache_creation": 100},
                    "output_token_details": {"reasoning": 50},
                    "input_cost": 0.0023,
                    "output_cost": 0.01,
                    "total_cost": 0.0123,
                },
                "langsmith.metadata.thread_id": "s-1",
                "langsmith.metadata.user_id": "u-1",
            },
        ),
    ],
)
def test_words(backend: str, said: dict[str, Any]) -> None:
    """All that the span tells, and no word more."""
    assert _words(backend, CHAT) == said


KINDS: Final = {
    "datadog": {"openinference.span.kind": "LLM"},
    "arize": {"openinference.span.kind": "LLM", "llm.model_name": "m"},
    "phoenix": {"openinference.span.kind": "LLM", "llm.model_name": "m"},
    "mlflow": {"mlflow.spanType": "CHAT_MODEL"},
    "langfuse": {"langfuse.observation.type": "generation"},
    "langsmith": {"langsmith.span.kind": "llm"},
}


@pytest.mark.parametrize("backend", DIALECTS)
def test_nothing_is_made_up(backend: str) -> None:
    """A call that told nothing, such as one that failed, has a kind and a model and no figures."""
    words = _words(backend, {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"})
    assert words == KINDS.get(backend, {})


@pytest.mark.parametrize("backend", DIALECTS)
def test_zero_is_a_value(backend: str) -> None:
    """What is free cost nothing, and says so."""
    free = {"gen_ai.usage.cost": 0.0, "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}
    costs = [value for word, value in _words(backend, free).items() if word in COST_ATTRIBUTES]
    assert costs
    for cost in costs:
        told = cost.get("openrouter", cost) if isinstance(cost, dict) else {"total": cost}
        assert (told.get("total"), told.get("total_cost"), told.get("cost")).count(0.0) == 1


def test_words_for_money_are_listed() -> None:
    """Each dialect has at least one, and none is listed that nobody says."""
    said = {backend: set(_words(backend, CHAT)) & COST_ATTRIBUTES for backend in DIALECTS}
    assert all(said.values())
    assert set.union(*said.values()) == COST_ATTRIBUTES


@pytest.mark.parametrize(
    "parts",
    [
        {"openrouter.usage.input_cost": 0.0023, "openrouter.usage.output_cost": 0.0099},  # a server tool cost too
        {"openrouter.usage.input_cost": 0.0123},
        {"openrouter.usage.output_cost": 0.0123},
    ],
)
def test_parts_are_told_only_where_they_are_all(parts: dict[str, float]) -> None:
    """A backend would add them up."""
    told = {"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0.0123, **parts}
    assert _words("posthog", told) == {"$ai_total_cost_usd": 0.0123}
    assert _words("mlflow", told)["mlflow.llm.cost"] == {"total_cost": 0.0123}


def test_parts_add_up_in_decimal() -> None:
    """0.1 + 0.2 is 0.3 there."""
    told = {"gen_ai.usage.cost": 0.3, "openrouter.usage.input_cost": 0.1, "openrouter.usage.output_cost": 0.2}
    assert _words("sentry", told)["gen_ai.cost.input_tokens"] == 0.1


@pytest.mark.parametrize(
    ("operation", "kinds"),
    [
        ("chat", ("LLM", "generation", "llm")),
        ("text_completion", ("LLM", "generation", "llm")),
        ("generate_content", ("LLM", "generation", "llm")),
        ("embeddings", ("EMBEDDING", "embedding", "embedding")),
        ("rerank", ("RERANKER", "generation", "retriever")),
    ],
)
def test_kinds(operation: str, kinds: tuple[str, ...]) -> None:
    """Each backend has its own."""
    told = {"gen_ai.operation.name": operation}
    words = {**_words("phoenix", told), **_words("langfuse", told), **_words("langsmith", told)}
    assert tuple(words.values()) == kinds


def test_usage_that_contradicts_itself() -> None:
    """More tokens cached than read, or reasoned than said: no figure is negative."""
    told = {
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 5,
    }
    usage = _words("langfuse", told)["langfuse.observation.usage_details"]
    assert usage == {"input_cached_tokens": 5, "output_reasoning_tokens": 5, "total": 2}


def test_messages() -> None:
    """OpenInference has them twice: as the value of the span, and as attributes by index."""
    told = {"gen_ai.input.messages": INPUT, "gen_ai.output.messages": OUTPUT}
    found: dict[str, Any] = dialect_attributes(SpanSnapshot(told, 0), DIALECTS["arize"])
    assert found == {
        "openinference.span.kind": "LLM",
        "input.value": INPUT,
        "input.mime_type": "application/json",
        "output.value": OUTPUT,
        "output.mime_type": "application/json",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "Look",
        "llm.input_messages.1.message.role": "tool",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "It is\nsunny",
        "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city": "Paris"}',
        "llm.output_messages.0.message.tool_calls.1.tool_call.function.name": "clock",
        "llm.output_messages.0.message.tool_calls.1.tool_call.function.arguments": "{",
    }


@pytest.mark.parametrize(
    "messages", ['[{"role": "user", "parts": [{"type": "te', "7", "{}", '["hello"]', '[{"parts": 1}]', '[{"role": []}]']
)
def test_messages_that_are_none(messages: str) -> None:
    """Messages that an SDK's limit cut, or that a neighbour tells in its own way: the other words are said."""
    told: dict[str, Any] = {"gen_ai.input.messages": messages, "gen_ai.usage.cost": 0.5}
    found = dialect_attributes(SpanSnapshot(told, 0), DIALECTS["arize"])
    assert found["llm.cost.total"] == 0.5
    assert not [word for word in found if word.startswith("llm.input_messages")]


def test_cut_messages(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """An SDK that cuts long values costs the messages by index, and nothing else."""
    provider = TracerProvider(span_limits=SpanLimits(max_span_attribute_length=50))
    provider.add_span_processor(SimpleSpanProcessor(telemetry.exporter))
    telemetry.tracer_provider = provider
    telemetry.again([openrouter.url], dialects=["arize"], capture_content="span_only")
    client("hello").chat.completions.create(**REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["llm.cost.total"] == attributes["gen_ai.usage.cost"]
    assert len(str(attributes["input.value"])) == 50


@pytest.mark.parametrize("way", [*WHOLE.values(), *STREAMED.values()], ids=[*WHOLE, *STREAMED])
def test_every_colour(telemetry: Telemetry, openrouter: Simulator, way: Way) -> None:
    """All at once: the standard words stay as they are, and each backend's stand beside them."""
    way(openrouter.base_url("byok"), REQUEST)
    plain = dict(telemetry.one_span().attributes or {})
    telemetry.exporter.clear()
    telemetry.again([openrouter.url], dialects=list(DIALECTS))
    way(openrouter.base_url("byok"), REQUEST)
    told = dict(telemetry.one_span().attributes or {})
    times = {name for name in plain if ".time_to_" in name}
    assert {name: told[name] for name in plain if name not in times} == {
        name: plain[name] for name in plain if name not in times
    }
    added = told.keys() - plain.keys()
    assert {word for word in added if word in COST_ATTRIBUTES} >= {
        "llm.cost.total",
        "mlflow.llm.cost",
        "operation.cost",
    }
    assert told["llm.cost.total"] == told["operation.cost"] == told["gen_ai.usage.cost"]
    assert json.loads(str(told["mlflow.llm.cost"]))["total_cost"] == told["gen_ai.usage.cost"]
    assert ("langfuse.observation.completion_start_time" in added) is bool(times)


def test_first_output_is_a_moment(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """It lies within the span."""
    telemetry.again([openrouter.url], dialects=["langfuse"])
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    span = telemetry.one_span()
    assert span.start_time is not None
    assert span.end_time is not None
    moment = datetime.fromisoformat(
        json.loads(str((span.attributes or {})["langfuse.observation.completion_start_time"]))
    )
    assert int(span.start_time / 1e6) <= round(moment.timestamp() * 1000) <= int(span.end_time / 1e6) + 1


def test_content(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Messages are told to a backend only where they are captured on the span."""
    for mode in ("no_content", "event_only", "span_only"):
        telemetry.exporter.clear()
        telemetry.again([openrouter.url], dialects=["arize"], capture_content=mode)
        client("hello").chat.completions.create(**REQUEST)
        told = dict(telemetry.one_span().attributes or {})
        assert ("input.value" in told) is (mode == "span_only")
        assert ("llm.output_messages.0.message.content" in told) is (mode == "span_only")
    assert told["input.value"] == told["gen_ai.input.messages"]


def test_failures(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """A call that failed says what it is."""
    telemetry.again([openrouter.url], dialects=["phoenix"])
    with pytest.raises(openai.InternalServerError):
        client("bad_gateway").chat.completions.create(**REQUEST)
    told = dict(telemetry.one_span().attributes or {})
    assert told["openinference.span.kind"] == "LLM"
    assert "llm.cost.total" not in told


def test_not_sampled(openrouter: Simulator, client: Make) -> None:
    """Nothing is translated for a span that nobody sees."""
    telemetry = Telemetry(ALWAYS_OFF)
    telemetry.instrument([openrouter.url], dialects=["phoenix"])
    client("hello").chat.completions.create(**REQUEST)
    assert not telemetry.raw_spans


def test_on_a_neighbours_span(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Its own words stay, but for money, which adds up over the calls that the span covers."""
    telemetry.again([openrouter.url], dialects=["phoenix", "mlflow"])
    theirs: dict[str, Any] = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 1, "llm.cost.total": 7.0}
    with telemetry.tracer_provider.get_tracer("neighbour").start_as_current_span("theirs", attributes=theirs):
        for _ in range(2):
            client("hello").chat.completions.create(**REQUEST)
    told = dict(telemetry.one_span().attributes or {})
    assert told["llm.token_count.prompt"] == 1
    assert told["llm.cost.total"] == told["gen_ai.usage.cost"] == 0.00028
    assert json.loads(str(told["mlflow.llm.cost"]))["total_cost"] == 0.00028


def test_on_a_neighbours_span_that_ends_early(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Told in the moment when the usage came."""
    telemetry.again([openrouter.url], dialects=["logfire"])
    told: list[dict[str, Any]] = []
    attributes = {"gen_ai.operation.name": "chat"}
    tracer = telemetry.tracer_provider.get_tracer("neighbour")
    with tracer.start_as_current_span("theirs", attributes=attributes, end_on_exit=False) as span:
        for chunk in client("hello").chat.completions.create(**REQUEST, stream=True):
            if chunk.usage:
                span.end()
                told.append(dict(telemetry.one_span().attributes or {}))
    assert told[0]["operation.cost"] == told[0]["gen_ai.usage.cost"] == 0.00014


def test_option(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A list, or a comma-separated variable; what is unknown is one warning, whatever the case."""
    assert not read_settings().dialect
    monkeypatch.setenv(f"{PREFIX}DIALECTS", "Logfire, nobody,MLFLOW,none")
    assert set(read_settings().dialect) == {"operation.cost", *DIALECTS["mlflow"]}
    (record,) = caplog.records
    assert record.getMessage().startswith("dialects must be among arize, ")
    assert "got nobody, none" in record.getMessage()
    assert set(read_settings(dialects=["sentry"]).dialect) == set(DIALECTS["sentry"])

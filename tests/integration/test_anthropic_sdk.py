"""The Anthropic SDK: each scenario in each calling style gives one complete span, and the SDK behaves as before."""

import asyncio
import json
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, Final

import anthropic
import openai
import pydantic
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import base

from tests.anthropic_styles import HAS_PARSE, OPTIONS, anthropic_url, styles
from tests.calling_styles import CallingStyle, outcome
from tests.integration.test_content import event_content, span_content
from tests.message_schema import validate
from tests.scenarios import REQUEST_ATTRIBUTES, SCENARIOS, ExpectedSpan, Scenario
from tests.scenarios.messages import HELLO, REQUEST, STARTED
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, expected_span, span_data

Make = Callable[..., anthropic.Anthropic]
BETA_SCENARIOS: Final = ("hello", "every_part", "parallel_tools", "error_in_stream", "rate_limited", "empty")
"""The beta resource has models of its own, and the same requests."""


def _cases(*, content: bool = False) -> Iterator[Any]:
    for name, scenario in SCENARIOS["messages"].items():
        for streamed, expected in ((False, scenario.non_streamed), (True, scenario.streamed)):
            if expected is None or (content and scenario.content is None):
                continue
            for style_name, style in styles(streamed=streamed).items():
                if style_name.startswith("beta") and name not in BETA_SCENARIOS:
                    continue
                reply_name = scenario.reply_name or name
                yield pytest.param(reply_name, scenario, style, expected, streamed, id=f"{name}-{style_name}")


@pytest.fixture
def make(openrouter: Simulator) -> Iterator[Make]:
    """Returns a factory of sync clients for a scenario; closes them after the test."""
    created: list[anthropic.Anthropic] = []

    def create(scenario: str, **options: Any) -> anthropic.Anthropic:
        merged: dict[str, Any] = {**OPTIONS, **options}
        created.append(anthropic.Anthropic(base_url=anthropic_url(openrouter.base_url(scenario)), **merged))
        return created[-1]

    yield create
    for each in created:
        each.close()


@pytest.mark.parametrize(("reply_name", "scenario", "style", "expected", "streamed"), list(_cases()))
def test_scenarios(
    telemetry: Telemetry,
    openrouter: Simulator,
    reply_name: str,
    scenario: Scenario,
    style: CallingStyle,
    expected: ExpectedSpan,
    streamed: bool,
) -> None:
    """A call produces one complete span, in every calling style, and the caller's result is unchanged."""
    base_url = openrouter.base_url(reply_name)
    result = outcome(style, base_url, scenario.request)
    span = telemetry.one_span()
    request_attributes: dict[str, Any] = {
        **REQUEST_ATTRIBUTES,
        **scenario.request_attributes,
        "server.port": urllib.parse.urlsplit(base_url).port,
        **({"gen_ai.request.stream": True} if streamed else {}),
    }
    assert span_data(span) == expected_span(
        "chat openai/gpt-4o-mini",
        {**request_attributes, **expected.attributes},
        status=expected.status,
        description=expected.description,
    )
    assert "secret" not in str(span_data(span))
    assert "canary" not in str(span_data(span))
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(style, base_url, scenario.request)
    assert telemetry.raw_spans == [span]


@pytest.mark.parametrize(("reply_name", "scenario", "style", "expected", "streamed"), list(_cases(content=True)))
def test_content(
    telemetry: Telemetry,
    openrouter: Simulator,
    reply_name: str,
    scenario: Scenario,
    style: CallingStyle,
    expected: ExpectedSpan,
    streamed: bool,
) -> None:
    """A stream has the same content as the whole message, on the span and on the event."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    outcome(style, openrouter.base_url(reply_name), scenario.request)
    assert scenario.content is not None
    content = {**scenario.content}
    if not streamed and expected.status == "ERROR":
        content.pop("gen_ai.output.messages")
    assert span_content(telemetry) == content
    assert event_content(telemetry) == content
    validate(content)
    assert "secret" not in str(span_data(telemetry.one_span()))


def test_other_calls(telemetry: Telemetry, openrouter: Simulator, make: Make) -> None:
    """Only messages are traced, and only those to OpenRouter."""
    client = make("hello")
    messages: list[Any] = REQUEST["messages"]
    outcome(lambda *_: client.messages.count_tokens(model="m", messages=messages), "", {})
    outcome(lambda *_: client.beta.messages.count_tokens(model="m", messages=messages), "", {})
    outcome(lambda *_: client.models.list(), "", {})
    outcome(lambda *_: client.get("/v1/messages", cast_to=object), "", {})
    assert openrouter.received[-1].path == "/hello/api/v1/messages"
    telemetry.reinstrument(["https://gateway.example"])
    client.messages.create(**REQUEST)
    assert not telemetry.raw_spans


@pytest.mark.parametrize("path", ["/messages", "messages", "/messages?beta=true"])
def test_other_clients_and_paths(telemetry: Telemetry, openrouter: Simulator, path: str) -> None:
    """`/messages` below `/api/v1` is the same operation, whatever client posts it."""
    base_url = openrouter.base_url("hello")
    with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
        client.post(path, cast_to=object, body=REQUEST)
    with anthropic.Anthropic(base_url=base_url, **OPTIONS) as client:
        client.post(path, cast_to=object, body=REQUEST)
    with anthropic.Anthropic(base_url=base_url, **OPTIONS) as client:
        client.post(f"{base_url}/messages", cast_to=object, body=REQUEST)
    first, *others = [span_data(span) for span in telemetry.raw_spans]
    assert first["attributes"]["gen_ai.usage.cost"] == (0.00014, float)
    assert first["attributes"]["gen_ai.usage.input_tokens"] == (43, int)
    assert others == [first, first]


def test_enclosing_span(telemetry: Telemetry, make: Make) -> None:
    """The span of another instrumentation gets the cost of a call that the SDK itself does not trace."""
    tracer = telemetry.tracer_provider.get_tracer("openinference.instrumentation.anthropic")
    with tracer.start_as_current_span("Messages", attributes={"openinference.span.kind": "LLM"}):
        make("hello").post("/v1/messages", cast_to=object, body=REQUEST)
    span = telemetry.one_span()
    assert span.name == "Messages"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_full_path(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The base URL may have no path."""
    with anthropic.Anthropic(base_url=openrouter.url, **OPTIONS) as client:
        client.post("/api/v1/messages", cast_to=object, body=REQUEST)
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_request_is_unchanged(telemetry: Telemetry, openrouter: Simulator, make: Make) -> None:
    """The body and the headers that are sent are those of the caller."""
    make("hello").messages.create(**REQUEST, extra_headers={"x-session-id": "s-1"})
    OpenRouterInstrumentor().uninstrument()
    make("hello").messages.create(**REQUEST, extra_headers={"x-session-id": "s-1"})
    observed, plain = openrouter.received[-2:]
    assert observed == plain
    assert json.loads(plain.body) == REQUEST
    attributes = telemetry.one_span().attributes or {}
    assert attributes["session.id"] == attributes["gen_ai.conversation.id"] == "s-1"


def test_broadcast_join(telemetry: Telemetry, openrouter: Simulator, make: Make) -> None:
    """`broadcast="join"` sends the ids of the span along."""
    telemetry.reinstrument([openrouter.url], broadcast="join")
    make("hello").messages.create(**REQUEST, extra_body={"top_k": 1})
    context = telemetry.one_span().context
    assert context is not None
    ids = {"trace_id": f"{context.trace_id:032x}", "parent_span_id": f"{context.span_id:016x}"}
    assert json.loads(openrouter.received[-1].body) == {**REQUEST, "top_k": 1, "trace": ids}


def test_metrics(telemetry: Telemetry, make: Make) -> None:
    """Input tokens in the metric include the cached ones."""
    make("hello").messages.create(**REQUEST)
    points = telemetry.points()
    tokens = {point[0]["gen_ai.token.type"]: point[2] for point in points["gen_ai.client.token.usage"]}
    assert tokens == {"input": 43, "output": 120}
    assert [point[2] for point in points["gen_ai.usage.cost"]] == [0.00014]


def test_left_early(telemetry: Telemetry, make: Make) -> None:
    """A stream that is closed early is cancelled, and has the input tokens of its first event."""
    with make("slow").messages.create(**REQUEST, stream=True) as stream:
        for event in stream:
            if event.type == "content_block_delta":
                break
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["openrouter.stream.cancelled"] is True
    assert attributes.items() >= STARTED.items()
    assert "gen_ai.usage.output_tokens" not in attributes
    assert "openrouter.response.time_to_first_token" in attributes


def test_cancelled(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A cancelled task ends the call."""

    async def main() -> None:
        base_url = anthropic_url(openrouter.base_url("hanging"))
        async with anthropic.AsyncAnthropic(base_url=base_url, **OPTIONS) as client:
            task = asyncio.create_task(client.messages.create(**REQUEST))
            while not telemetry.started.open:  # noqa: ASYNC110 - a span that starts sets no event
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert (telemetry.one_span().attributes or {})["error.type"] == "cancelled"


def test_unreachable(telemetry: Telemetry) -> None:
    """A connection error sets `error.type` and is raised unchanged."""
    telemetry.reinstrument(["http://127.0.0.1:9"])
    with anthropic.Anthropic(base_url="http://127.0.0.1:9/api", **OPTIONS) as client:
        kind, *_ = outcome(lambda *_: client.messages.create(**REQUEST), "", {})
    assert issubclass(kind, anthropic.APIConnectionError)
    assert (telemetry.one_span().attributes or {})["error.type"] == "connection"


def test_retries_are_one_call(telemetry: Telemetry, openrouter: Simulator, make: Make) -> None:
    """The SDK's retries are part of one span."""
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    failing = Reply([json.dumps(body).encode()], status=529, headers={"retry-after-ms": "1"})
    message = {"id": "msg_1", "type": "message", "content": [], "usage": {"input_tokens": 1, "cost": 0.5}}
    succeeding = Reply([json.dumps(message).encode()], headers={"X-Generation-Id": "gen-1"})
    openrouter.verbatim["retried"] = [failing, succeeding]
    make("retried").with_options(max_retries=2).messages.create(**REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["gen_ai.usage.cost"] == 0.5
    assert attributes["openrouter.request.retry_count"] == 1
    assert attributes["gen_ai.response.id"] == "gen-1"  # not the upstream provider's


def test_parse_that_fails(telemetry: Telemetry, make: Make) -> None:
    """An error of the SDK's own parser is raised unchanged; the call was billed."""
    if not HAS_PARSE:
        pytest.skip("this SDK does not parse")

    class Answer(pydantic.BaseModel):
        number: int

    with pytest.raises(pydantic.ValidationError):
        make("hello").messages.parse(**REQUEST, output_format=Answer)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert attributes["gen_ai.output.type"] == "json"


@pytest.mark.parametrize("options", [{}, {"api_key": None, "auth_token": "sk-or-canary"}])
def test_settled_cost(telemetry: Telemetry, openrouter: Simulator, make: Make, options: dict[str, Any]) -> None:
    """`settle` fetches the cost of a stream that has its tokens only, with a bearer key, below the version's path."""
    telemetry.reinstrument([openrouter.url], settle=True)
    list(make("no_cost_in_stream", **options).messages.create(**REQUEST, stream=True))
    telemetry.tracer_provider.force_flush()
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["openrouter.settled"] is True
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert attributes.items() >= {name: HELLO[name] for name in HELLO if "tokens" in name}.items()
    asked = openrouter.received[-1]
    assert asked.path == "/no_cost_in_stream/api/v1/generation"
    assert asked.headers["authorization"] == "Bearer sk-or-canary"


def test_settled_after_leaving(telemetry: Telemetry, openrouter: Simulator) -> None:
    """`settle` works with an async client, and with a base URL that includes the version."""
    telemetry.reinstrument([openrouter.url], settle=True)

    async def main() -> None:
        async with anthropic.AsyncAnthropic(base_url=openrouter.base_url("slow"), **OPTIONS) as client:
            stream: Any = await client.post(
                "/messages",
                cast_to=object,
                body={**REQUEST, "stream": True},
                stream=True,
                stream_cls=anthropic.AsyncStream[Any],
            )
            await stream.__anext__()
            await stream.close()

    asyncio.run(main())
    telemetry.tracer_provider.force_flush()
    attributes = telemetry.one_span().attributes or {}
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert openrouter.received[-1].path == "/slow/api/v1/generation"


def test_uninstrument(telemetry: Telemetry, make: Make) -> None:
    """`uninstrument()` restores the classes, also for existing clients."""
    client = make("hello")
    names = [
        name for name in ("request", "_request") if hasattr(getattr(anthropic.Anthropic, name, None), "__wrapped__")
    ]
    assert len(names) == 1
    OpenRouterInstrumentor().uninstrument()
    for each in (anthropic.Anthropic, anthropic.AsyncAnthropic):
        assert not {"request", "_request"} & {*vars(each)}
    client.messages.create(**REQUEST)
    assert not telemetry.raw_spans


def test_imported_later(
    telemetry: Telemetry, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    """The SDK is wrapped when the program imports it, unless `uninstrument()` was called before."""
    callbacks: list[Callable[[Any], None]] = []
    monkeypatch.setattr(
        base, "when_imported", lambda name, callback: callbacks.append(callback) if name == "anthropic" else None
    )
    telemetry.reinstrument([openrouter.url])
    client = make("hello")
    client.messages.create(**REQUEST)
    assert not telemetry.raw_spans
    callbacks[0](anthropic)
    client.messages.create(**REQUEST)
    assert telemetry.one_span().name == "chat openai/gpt-4o-mini"
    telemetry.reinstrument([openrouter.url])
    OpenRouterInstrumentor().uninstrument()
    callbacks[1](anthropic)
    client.messages.create(**REQUEST)
    assert len(telemetry.raw_spans) == 1

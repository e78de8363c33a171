"""Captured content: each scenario in each colour, in both forms, of the schema, and nothing that was not asked for."""

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._content import chat as _messages
from opentelemetry.instrumentation.openrouter._content.accumulators import ContentAccumulator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from tests.calling_styles import HAS_RESPONSES, Way, outcome, ways
from tests.message_schema import CONTENT, validate
from tests.scenarios import REQUEST, SCENARIOS, Scenario
from tests.simulator import Simulator
from tests.telemetry import Telemetry


def _cases(*, content: bool) -> Iterator[Any]:
    for endpoint, table in SCENARIOS.items():
        for name, scenario in table.items():
            for streamed, said in enumerate((scenario.whole, scenario.streamed)):
                chosen: Mapping[str, Way] = ways(endpoint)[streamed] if said is not None else {}
                for colour, way in chosen.items() if (scenario.content is not None) is content else ():
                    if not scenario.parses and {"parse", "helper"} & {*colour.split()}:
                        continue
                    yield pytest.param(scenario.exchange or name, scenario, way, id=f"{endpoint}-{name}-{colour}")
                    if not content:  # one way will do for what has no words of its own
                        break


def plain(value: Any) -> Any:
    """What an exporter sees of a structured value, as JSON."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def on_span(telemetry: Telemetry) -> dict[str, Any]:
    """The content on the only span."""
    attributes = telemetry.one_span().attributes or {}
    return {name: json.loads(str(attributes[name])) for name in CONTENT if name in attributes}


def on_event(telemetry: Telemetry) -> dict[str, Any]:
    """The content on the only event."""
    (event,) = telemetry.emitted.records
    return {name: plain(event.attributes[name]) for name in CONTENT if name in event.attributes}


def _was_sent(openrouter: Simulator, request: dict[str, Any]) -> bool:
    body = openrouter.received[-1].body
    sent = json.loads(body) if body.startswith(b"{") else {}
    return all(sent[key] == request.get(key) for key in ("messages", "input") if key in sent)


@pytest.mark.parametrize(("exchange", "scenario", "way"), list(_cases(content=True)))
def test_content(telemetry: Telemetry, openrouter: Simulator, exchange: str, scenario: Scenario, way: Way) -> None:
    """What was said and answered, on the span and on the event, the same for a stream as for a plain call."""
    telemetry.again([openrouter.url], capture_content="span_and_event")
    outcome(way, openrouter.base_url(exchange), scenario.request)
    if not _was_sent(openrouter, scenario.request):
        pytest.skip("an older SDK does not send this as it is written")
    span = telemetry.one_span()
    assert on_span(telemetry) == on_event(telemetry) == scenario.content
    validate(on_span(telemetry))
    (event,) = telemetry.emitted.records
    assert event.event_name == "gen_ai.client.inference.operation.details"
    assert span.context is not None
    assert (event.trace_id, event.span_id) == (span.context.trace_id, span.context.span_id)
    told = {name: value for name, value in event.attributes.items() if name not in CONTENT}
    assert told == {name: value for name, value in (span.attributes or {}).items() if name not in CONTENT}
    assert "secret" not in str((span.attributes, event.attributes))


@pytest.mark.parametrize(("exchange", "scenario", "way"), list(_cases(content=False)))
def test_content_of_all_others(
    telemetry: Telemetry, openrouter: Simulator, exchange: str, scenario: Scenario, way: Way
) -> None:
    """No scenario gives content that is not of the schema, or that holds what must never leave."""
    telemetry.again([openrouter.url], capture_content="span_and_event")
    outcome(way, openrouter.base_url(exchange), scenario.request)
    validate(on_span(telemetry))
    assert on_span(telemetry) == on_event(telemetry)
    assert "secret" not in str(on_span(telemetry))


IMAGE: Final = "data:image/png;base64," + "iVBORw0KGgo" * 18000
Make = Callable[..., openai.OpenAI]


@pytest.mark.parametrize(
    ("mode", "span", "event"),
    [
        ("no_content", False, False),
        ("SPAN_ONLY", True, False),
        ("Event_Only", False, True),
        ("span_and_event", True, True),
        ("true", True, True),
        (True, True, True),
        (False, False, False),
        (None, False, False),
        ("everything", False, False),
    ],
)
@pytest.mark.parametrize("by_variable", [False, True])
def test_modes(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: Make,
    monkeypatch: pytest.MonkeyPatch,
    mode: Any,
    span: bool,
    event: bool,
    by_variable: bool,
) -> None:
    """Content goes where the mode says; what is no mode captures nothing."""
    if by_variable and mode is not None:
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", str(mode))
    telemetry.again([openrouter.url], capture_content=None if by_variable else mode)
    client("hello").chat.completions.create(**REQUEST)
    assert bool(on_span(telemetry)) is span
    assert len(telemetry.emitted.records) == event
    if event:
        assert set(on_event(telemetry)) == {"gen_ai.input.messages", "gen_ai.output.messages"}


def test_argument_wins(
    telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument wins over the variable."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_and_event")
    telemetry.again([openrouter.url], capture_content="no_content")
    client("hello").chat.completions.create(**REQUEST)
    assert not on_span(telemetry)
    assert not telemetry.emitted.records


def test_no_provider_no_event(openrouter: Simulator, client: Make) -> None:
    """Where nobody listens to events, capturing them harms nothing."""
    OpenRouterInstrumentor().instrument(base_urls=[openrouter.url], capture_content="event_only")
    assert client("hello").chat.completions.create(**REQUEST).choices
    OpenRouterInstrumentor().uninstrument()


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "not sampled"])
@pytest.mark.parametrize("mode", ["span_only", "event_only"])
def test_content_is_read_for_listeners_only(openrouter: Simulator, client: Make, sampler: Sampler, mode: str) -> None:
    """A span that is not sampled costs no reading; the event is a signal of its own."""
    asked: list[str] = []

    def redact(text: str) -> str:
        asked.append(text)
        return text

    telemetry = Telemetry(sampler)
    telemetry.instrument([openrouter.url], capture_content=mode, redact=redact)
    client("hello").chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    listened = sampler is ALWAYS_ON or mode == "event_only"
    assert asked == (["Say hello.", "Hello"] if listened else [])
    assert len(telemetry.emitted.records) == (mode == "event_only")


def _size(telemetry: Telemetry) -> int:
    return sum(len(str(value)) for value in (telemetry.one_span().attributes or {}).values())


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": IMAGE}}]},
        {"role": "user", "content": [{"type": "file", "file": {"filename": "a.png", "file_data": IMAGE}}]},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": IMAGE[22:], "format": "wav"}}]},
        {"role": "user", "content": IMAGE},
        {"role": "user", "content": f"Look: ![]({IMAGE}) and ![]({IMAGE})."},
        {"role": "tool", "tool_call_id": "call_1", "content": IMAGE},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"image": IMAGE})}}
            ],
        },
    ],
    ids=["image", "file", "audio", "text", "markdown", "tool result", "tool call"],
)
def test_a_large_image_adds_little(
    telemetry: Telemetry, openrouter: Simulator, client: Make, message: dict[str, Any]
) -> None:
    """200 kB of an image, wherever it stands, add less than 1 kB to a span."""
    sizes: list[int] = []
    both: tuple[Any, Any] = (REQUEST["messages"], [*REQUEST["messages"], message])
    for messages in both:
        telemetry.exporter.clear()
        telemetry.again([openrouter.url], capture_content="span_only")
        client("hello").chat.completions.create(model="openai/gpt-4o-mini", messages=messages)
        sizes.append(_size(telemetry))
    assert len(str(message)) > 190_000
    assert 0 < sizes[1] - sizes[0] < 1000


@pytest.mark.parametrize("limit", [5, "5"])
def test_content_max_length(
    telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch, limit: Any
) -> None:
    """Each text is cut; arguments that are cut are no object any more."""
    if isinstance(limit, str):
        monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_CONTENT_MAX_LENGTH", limit)
    options = {} if isinstance(limit, str) else {"content_max_length": limit}
    telemetry.again([openrouter.url], capture_content="span_only", **options)
    client("parallel_tools").chat.completions.create(**REQUEST)
    assert on_span(telemetry) == {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Say …"}]}],
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [
                    {"type": "text", "content": "I lo…"},
                    {"type": "tool_call", "id": "call_a", "name": "weather", "arguments": '{"ci…'},
                    {"type": "tool_call", "id": "call_b", "name": "clock", "arguments": '{"zo…'},
                ],
                "finish_reason": "tool_call",
            }
        ],
    }


def test_redact(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Each text, the raw arguments of a call too, goes through the user's function before it is cut."""
    telemetry.again(
        [openrouter.url],
        capture_content="span_and_event",
        content_max_length=24,
        redact=lambda text: text.replace("Paris", "<city>").replace("Say hello.", ""),
    )
    client("parallel_tools").chat.completions.create(**REQUEST)
    told = on_span(telemetry)
    assert told == on_event(telemetry)
    assert "gen_ai.input.messages" not in told  # nothing was left of it
    arguments = [part.get("arguments") for part in told["gen_ai.output.messages"][0]["parts"]]
    assert arguments == [None, '{"city": "<city>", "day…', {"zone": "CET"}]


@pytest.mark.internal_error
def test_redact_that_fails(
    telemetry: Telemetry, openrouter: Simulator, client: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """A text whose redaction fails is not told; the call and the rest of the span are whole."""

    def redact(text: str) -> str:
        return str(1 / 0) if "hello" in text else text

    telemetry.again([openrouter.url], capture_content="span_only", redact=redact)
    assert client("hello").chat.completions.create(**REQUEST).choices[0].message.content == "Hello"
    assert set(on_span(telemetry)) == {"gen_ai.output.messages"}
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert [record.levelname for record in caplog.records if "redact" in record.getMessage()] == ["WARNING", "DEBUG"]


def test_redact_that_is_no_function(
    telemetry: Telemetry, openrouter: Simulator, client: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Who wanted to hide something gets nothing told, rather than all of it."""
    telemetry.again([openrouter.url], capture_content="span_only", redact="everything")
    client("hello").chat.completions.create(**REQUEST)
    assert not on_span(telemetry)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_one_shot_iterators_reach_openrouter_whole(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Messages, and the parts of one, may be generators: they are sent whole, and told whole."""
    telemetry.again([openrouter.url], capture_content="span_only")
    parts: Any = ({"type": "text", "text": word} for word in ("Say", "hello."))
    messages: Any = (message for message in [{"role": "user", "content": parts}])
    client("hello").chat.completions.create(model="openai/gpt-4o-mini", messages=messages)
    sent = json.loads(openrouter.received[-1].body)["messages"]
    assert sent == [{"role": "user", "content": [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]}]
    told = [{"type": "text", "content": "Say"}, {"type": "text", "content": "hello."}]
    assert on_span(telemetry)["gen_ai.input.messages"] == [{"role": "user", "parts": told}]


def test_what_was_asked_is_told_as_it_was_sent(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The caller may go on with the same list while the stream comes."""
    telemetry.again([openrouter.url], capture_content="span_only")
    messages = [dict(message) for message in REQUEST["messages"]]
    request: dict[str, Any] = {"model": "openai/gpt-4o-mini", "messages": messages}
    stream = client("hello").post(
        "/chat/completions",
        body={**request, "stream": True},
        cast_to=ChatCompletion,
        stream=True,
        stream_cls=openai.Stream[ChatCompletionChunk],
    )
    messages[0]["content"] = "Later."
    messages.append({"role": "assistant", "content": "Hel"})
    assert list(stream)
    assert on_span(telemetry)["gen_ai.input.messages"] == SCENARIOS["chat"]["hello"].content["gen_ai.input.messages"]  # type: ignore[index] - it has content


def test_a_stream_that_is_left_tells_what_came(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Partial answers are told; a finish reason only where one came."""
    telemetry.again([openrouter.url], capture_content="span_only")
    with client("long").chat.completions.create(**REQUEST, stream=True) as stream:
        for number, _ in enumerate(stream):
            if number == 2:
                break
    assert on_span(telemetry)["gen_ai.output.messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "content": "0 1 2 "}]}
    ]


@pytest.mark.skipif(not HAS_RESPONSES, reason="this SDK has no Responses API")
@pytest.mark.parametrize(
    ("scenario", "last", "parts"),
    [
        ("reasoning", "response.reasoning_text.delta", [{"type": "reasoning", "content": "Let"}]),
        (
            "hello",
            "response.output_text.done",
            [{"type": "text", "content": "Hello"}],
        ),
        ("refusal", "response.refusal.delta", [{"type": "refusal", "content": "I c"}]),
        (
            "parallel_tools",
            "response.function_call_arguments.delta",
            [
                {"type": "text", "content": "I look."},
                {"type": "tool_call", "id": "call_a", "name": "weather", "arguments": '{"c'},
            ],
        ),
    ],
)
def test_responses_that_are_left_tell_what_came(
    telemetry: Telemetry, openrouter: Simulator, client: Make, scenario: str, last: str, parts: list[Any]
) -> None:
    """The same for the Responses API, whose last event would have held it all."""
    telemetry.again([openrouter.url], capture_content="span_only")
    with client(scenario).responses.create(model="openai/gpt-4o-mini", input="Hi", stream=True) as stream:
        for event in stream:
            if event.type == last:
                break
    assert on_span(telemetry)["gen_ai.output.messages"] == [{"role": "assistant", "parts": parts}]


@pytest.mark.internal_error
@pytest.mark.parametrize("fault", ["read_input", "read_output"])
def test_our_fault_in_content_costs_content_alone(
    telemetry: Telemetry, openrouter: Simulator, client: Make, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """What breaks while content is read leaves the rest of the span whole."""
    telemetry.again([openrouter.url], capture_content="span_and_event")
    monkeypatch.setattr(_messages, "_message_parts", lambda *_: 1 / 0)
    if fault == "read_output":
        monkeypatch.setattr(_messages, "_message", lambda *_: None)
    assert client("hello").chat.completions.create(**REQUEST).choices
    assert on_span(telemetry) == on_event(telemetry) == {}
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def _transcripts() -> list[object]:
    gc.collect()
    return [each for each in gc.get_objects() if issubclass(type(each), ContentAccumulator)]


@pytest.mark.parametrize("mode", ["no_content", "span_only"])
def test_nothing_is_kept_unless_it_is_captured(
    telemetry: Telemetry, openrouter: Simulator, client: Make, mode: str
) -> None:
    """Without capturing, nothing of a stream's words is held while it comes."""
    telemetry.again([openrouter.url], capture_content=mode)
    before = _transcripts()  # of tests that failed on purpose: they are held here, and so is their identity
    with client("hello").chat.completions.create(**REQUEST, stream=True) as stream:
        next(stream)
        kept = [each for each in _transcripts() if not any(each is known for known in before)]
        assert len(kept) == (mode == "span_only")

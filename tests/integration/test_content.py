"""Captured content: each scenario in each calling style, on the span and on the event, matching the schema."""

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._content import chat
from opentelemetry.instrumentation.openrouter._content.accumulators import ContentAccumulator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from tests.calling_styles import HAS_RESPONSES, CallingStyle, outcome, styles_of
from tests.message_schema import CONTENT, validate
from tests.scenarios import REQUEST, SCENARIOS, Scenario
from tests.simulator import Simulator
from tests.telemetry import Telemetry


def _cases(*, content: bool) -> Iterator[Any]:
    for endpoint, table in SCENARIOS.items():
        for name, scenario in table.items():
            for streamed, expected in enumerate((scenario.non_streamed, scenario.streamed)):
                chosen: Mapping[str, CallingStyle] = styles_of(endpoint)[streamed] if expected is not None else {}
                for style_name, style in chosen.items() if (scenario.content is not None) is content else ():
                    if not scenario.supports_parse and {"parse", "helper"} & {*style_name.split()}:
                        continue
                    yield pytest.param(
                        scenario.reply_name or name, scenario, style, id=f"{endpoint}-{name}-{style_name}"
                    )
                    if not content:  # one style is enough where no content is expected
                        break


def plain(value: Any) -> Any:
    """Return a structured attribute value as plain JSON data."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def span_content(telemetry: Telemetry) -> dict[str, Any]:
    """Return the content on the only span."""
    attributes = telemetry.one_span().attributes or {}
    return {name: json.loads(str(attributes[name])) for name in CONTENT if name in attributes}


def event_content(telemetry: Telemetry) -> dict[str, Any]:
    """Return the content on the only event."""
    (event,) = telemetry.emitted.records
    return {name: plain(event.attributes[name]) for name in CONTENT if name in event.attributes}


def _was_sent(openrouter: Simulator, request: dict[str, Any]) -> bool:
    body = openrouter.received[-1].body
    sent = json.loads(body) if body.startswith(b"{") else {}
    return all(sent[key] == request.get(key) for key in ("messages", "input") if key in sent)


@pytest.mark.parametrize(("reply_name", "scenario", "style"), list(_cases(content=True)))
def test_content(
    telemetry: Telemetry, openrouter: Simulator, reply_name: str, scenario: Scenario, style: CallingStyle
) -> None:
    """Input and output are on the span and on the event, the same for a stream as for a non-streamed call."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    outcome(style, openrouter.base_url(reply_name), scenario.request)
    if not _was_sent(openrouter, scenario.request):
        pytest.skip("an older SDK sends another request body")
    span = telemetry.one_span()
    assert span_content(telemetry) == event_content(telemetry) == scenario.content
    validate(span_content(telemetry))
    (event,) = telemetry.emitted.records
    assert event.event_name == "gen_ai.client.inference.operation.details"
    assert span.context is not None
    assert (event.trace_id, event.span_id) == (span.context.trace_id, span.context.span_id)
    other_attributes = {name: value for name, value in event.attributes.items() if name not in CONTENT}
    assert other_attributes == {name: value for name, value in (span.attributes or {}).items() if name not in CONTENT}
    assert "secret" not in str((span.attributes, event.attributes))


@pytest.mark.parametrize(("reply_name", "scenario", "style"), list(_cases(content=False)))
def test_other_scenarios_match_the_schema(
    telemetry: Telemetry, openrouter: Simulator, reply_name: str, scenario: Scenario, style: CallingStyle
) -> None:
    """The content of every scenario matches the schema and contains no secret."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    outcome(style, openrouter.base_url(reply_name), scenario.request)
    validate(span_content(telemetry))
    assert span_content(telemetry) == event_content(telemetry)
    assert "secret" not in str(span_content(telemetry))


IMAGE: Final = "data:image/png;base64," + "iVBORw0KGgo" * 18000
ClientFactory = Callable[..., openai.OpenAI]


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
    client: ClientFactory,
    monkeypatch: pytest.MonkeyPatch,
    mode: Any,
    span: bool,
    event: bool,
    by_variable: bool,
) -> None:
    """Content is captured where the mode selects it; an unknown mode captures nothing."""
    if by_variable and mode is not None:
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", str(mode))
    telemetry.reinstrument([openrouter.url], capture_content=None if by_variable else mode)
    client("hello").chat.completions.create(**REQUEST)
    assert bool(span_content(telemetry)) is span
    assert len(telemetry.emitted.records) == event
    if event:
        assert set(event_content(telemetry)) == {"gen_ai.input.messages", "gen_ai.output.messages"}


def test_argument_wins(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument takes precedence over the environment variable."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_and_event")
    telemetry.reinstrument([openrouter.url], capture_content="no_content")
    client("hello").chat.completions.create(**REQUEST)
    assert not span_content(telemetry)
    assert not telemetry.emitted.records


def test_no_logger_provider(openrouter: Simulator, client: ClientFactory) -> None:
    """Capturing content on events without a logger provider does not affect the call."""
    OpenRouterInstrumentor().instrument(base_urls=[openrouter.url], capture_content="event_only")
    assert client("hello").chat.completions.create(**REQUEST).choices
    OpenRouterInstrumentor().uninstrument()


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "not sampled"])
@pytest.mark.parametrize("mode", ["span_only", "event_only"])
def test_content_is_read_only_if_recorded(
    openrouter: Simulator, client: ClientFactory, sampler: Sampler, mode: str
) -> None:
    """Content is not read for a span that is not sampled; the event does not depend on sampling."""
    redacted: list[str] = []

    def redact(text: str) -> str:
        redacted.append(text)
        return text

    telemetry = Telemetry(sampler)
    telemetry.instrument([openrouter.url], capture_content=mode, redact=redact)
    client("hello").chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    is_recorded = sampler is ALWAYS_ON or mode == "event_only"
    assert redacted == (["Say hello.", "Hello"] if is_recorded else [])
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
def test_image_data_is_not_captured(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, message: dict[str, Any]
) -> None:
    """200 kB of image data, in any field, add less than 1 kB to a span."""
    sizes: list[int] = []
    requests: tuple[Any, Any] = (REQUEST["messages"], [*REQUEST["messages"], message])
    for messages in requests:
        telemetry.exporter.clear()
        telemetry.reinstrument([openrouter.url], capture_content="span_only")
        client("hello").chat.completions.create(model="openai/gpt-4o-mini", messages=messages)
        sizes.append(_size(telemetry))
    assert len(str(message)) > 190_000
    assert 0 < sizes[1] - sizes[0] < 1000


@pytest.mark.parametrize("limit", [5, "5"])
def test_content_max_length(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, monkeypatch: pytest.MonkeyPatch, limit: Any
) -> None:
    """Each text is truncated; truncated tool arguments are recorded as a string."""
    if isinstance(limit, str):
        monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_CONTENT_MAX_LENGTH", limit)
    options = {} if isinstance(limit, str) else {"content_max_length": limit}
    telemetry.reinstrument([openrouter.url], capture_content="span_only", **options)
    client("parallel_tools").chat.completions.create(**REQUEST)
    assert span_content(telemetry) == {
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


def test_redact(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """`redact` receives each text, including the raw arguments of a tool call, before truncation."""
    telemetry.reinstrument(
        [openrouter.url],
        capture_content="span_and_event",
        content_max_length=24,
        redact=lambda text: text.replace("Paris", "<city>").replace("Say hello.", ""),
    )
    client("parallel_tools").chat.completions.create(**REQUEST)
    content = span_content(telemetry)
    assert content == event_content(telemetry)
    assert "gen_ai.input.messages" not in content  # the redacted text is empty
    arguments = [part.get("arguments") for part in content["gen_ai.output.messages"][0]["parts"]]
    assert arguments == [None, '{"city": "<city>", "day…', {"zone": "CET"}]


@pytest.mark.internal_error
def test_redact_that_fails(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """A text for which `redact` raises is not captured; the call and the rest of the span are unaffected."""

    def redact(text: str) -> str:
        return str(1 / 0) if "hello" in text else text

    telemetry.reinstrument([openrouter.url], capture_content="span_only", redact=redact)
    assert client("hello").chat.completions.create(**REQUEST).choices[0].message.content == "Hello"
    assert set(span_content(telemetry)) == {"gen_ai.output.messages"}
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert [record.levelname for record in caplog.records if "in _guarded_redact" in record.getMessage()] == [
        "WARNING",
        "DEBUG",
    ]


def test_redact_is_not_callable(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """If `redact` is not callable, no content is captured."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only", redact="everything")
    client("hello").chat.completions.create(**REQUEST)
    assert not span_content(telemetry)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_redact_is_misspelt(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """If `redact` is misspelt, no content is captured."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only", redactor=str.upper)
    client("hello").chat.completions.create(**REQUEST)
    assert not span_content(telemetry)


def test_one_shot_iterators(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """Messages and message parts may be generators: they are sent and captured completely."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only")
    parts: Any = ({"type": "text", "text": text} for text in ("Say", "hello."))
    messages: Any = (message for message in [{"role": "user", "content": parts}])
    client("hello").chat.completions.create(model="openai/gpt-4o-mini", messages=messages)
    sent = json.loads(openrouter.received[-1].body)["messages"]
    assert sent == [{"role": "user", "content": [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]}]
    captured = [{"type": "text", "content": "Say"}, {"type": "text", "content": "hello."}]
    assert span_content(telemetry)["gen_ai.input.messages"] == [{"role": "user", "parts": captured}]


def test_messages_are_captured_as_sent(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """Input messages are captured as sent, even if the caller changes the list during the stream."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only")
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
    content = SCENARIOS["chat"]["hello"].content
    assert content is not None
    assert span_content(telemetry)["gen_ai.input.messages"] == content["gen_ai.input.messages"]


def test_stream_closed_early(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """A stream that the caller leaves early has the content received so far, and the finish reason `error`."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only")
    with client("long").chat.completions.create(**REQUEST, stream=True) as stream:
        for number, _ in enumerate(stream):
            if number == 2:
                break
    assert span_content(telemetry)["gen_ai.output.messages"] == [
        {"role": "assistant", "parts": [{"type": "text", "content": "0 1 2 "}], "finish_reason": "error"}
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
def test_responses_stream_closed_early(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, scenario: str, last: str, parts: list[Any]
) -> None:
    """A stream of the Responses API has the content received so far, without its last, complete event."""
    telemetry.reinstrument([openrouter.url], capture_content="span_only")
    with client(scenario).responses.create(model="openai/gpt-4o-mini", input="Hi", stream=True) as stream:
        for event in stream:
            if event.type == last:
                break
    message = {"role": "assistant", "parts": parts, "finish_reason": "error"}
    assert span_content(telemetry)["gen_ai.output.messages"] == [message]


@pytest.mark.internal_error
@pytest.mark.parametrize("failing", ["read_input", "read_output"])
def test_internal_error_in_content(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """An internal error while content is read does not affect the rest of the span."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    monkeypatch.setattr(chat, "_message_parts", lambda *_: 1 / 0)
    if failing == "read_output":
        monkeypatch.setattr(chat, "_message", lambda *_: None)
    assert client("hello").chat.completions.create(**REQUEST).choices
    assert span_content(telemetry) == event_content(telemetry) == {}
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def _accumulators() -> list[object]:
    gc.collect()
    return [each for each in gc.get_objects() if issubclass(type(each), ContentAccumulator)]


@pytest.mark.parametrize("mode", ["no_content", "span_only"])
def test_content_is_accumulated_only_if_captured(
    telemetry: Telemetry, openrouter: Simulator, client: ClientFactory, mode: str
) -> None:
    """Without capture, no content of a stream is accumulated."""
    telemetry.reinstrument([openrouter.url], capture_content=mode)
    before = _accumulators()  # tests with internal errors may have left some; these references keep their ids valid
    with client("hello").chat.completions.create(**REQUEST, stream=True) as stream:
        next(stream)
        created = [each for each in _accumulators() if not any(each is known for known in before)]
        assert len(created) == (mode == "span_only")

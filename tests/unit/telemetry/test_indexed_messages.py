"""Messages and tools as indexed attributes: the fields of each part, and which of them fit."""

import json
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialect_values import SpanSnapshot
from opentelemetry.instrumentation.openrouter._telemetry.indexed_messages import indexed_messages, indexed_texts

INPUT, OUTPUT, TOOLS = "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions"


def _indexed(room: int | None = None, **content: Any) -> dict[str, Any]:
    names = {"inputs": INPUT, "outputs": OUTPUT, "tools": TOOLS, "system": "gen_ai.system_instructions"}
    attributes = {names[key]: json.dumps(value) for key, value in content.items()}
    return dict(indexed_messages(SpanSnapshot(attributes, 0), room))


def _one(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the attributes of one message without their prefix and role."""
    found = _indexed(inputs=[{"role": "user", **fields, "parts": list(parts)}])
    prefix = "llm.input_messages.0.message."
    assert found.pop(f"{prefix}role") == "user"
    return {name.removeprefix(prefix): value for name, value in found.items()}


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def _turns(number: int) -> list[Any]:
    """Messages of two attributes each."""
    return [{"role": "user", "parts": [_text(str(index))]} for index in range(number)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([_text("Look")], {"content": "Look"}),
        (
            [_text("a"), _text("b")],
            {
                "contents.0.message_content.type": "text",
                "contents.0.message_content.text": "a",
                "contents.1.message_content.type": "text",
                "contents.1.message_content.text": "b",
            },
        ),
        (
            [
                {"type": "uri", "modality": "image", "uri": "https://a.example"},
                {"type": "blob", "modality": "document", "content": "", "byte_size": 3},
                {"type": "reasoning", "content": "Hm"},
                {"type": "uri", "modality": "smell", "uri": "https://a.example"},
            ],
            {
                "contents.0.message_content.type": "image",
                "contents.0.message_content.image.image.url": "https://a.example",
                "contents.1.message_content.type": "document",
            },
        ),
        (
            [{"type": "tool_call_response", "id": "c1", "response": "sunny"}],
            {"tool_call_id": "c1", "content": "sunny"},
        ),
        (
            [{"type": "tool_call_response", "response": [_text("sünny")]}],
            {"content": '[{"type": "text", "content": "sünny"}]'},
        ),
        (
            [
                {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Köln"}},
                {"type": "tool_call", "name": "clock", "arguments": "{"},
                {"type": "tool_call", "id": None, "name": "now"},
            ],
            {
                "tool_calls.0.tool_call.id": "c1",
                "tool_calls.0.tool_call.function.name": "weather",
                "tool_calls.0.tool_call.function.arguments": '{"city": "Köln"}',
                "tool_calls.1.tool_call.function.name": "clock",
                "tool_calls.1.tool_call.function.arguments": "{",
                "tool_calls.2.tool_call.function.name": "now",
            },
        ),
        ([], {}),
    ],
)
def test_parts(parts: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    """Each kind of part has its names; what has none is left out."""
    assert _one(*parts) == expected


def test_name() -> None:
    """The name of a participant is an attribute."""
    assert _one(_text("Hi"), name="Ann") == {"name": "Ann", "content": "Hi"}


def test_system_instructions() -> None:
    """System instructions are the first message."""
    assert _indexed(system=[_text("Be brief")], inputs=_turns(1)) == {
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "Be brief",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.content": "0",
    }


def test_tools() -> None:
    """A tool of the caller has the form of the chat request; other tools are as they were recorded."""
    tools = [
        {"type": "function", "name": "weather", "parameters": {"type": "object"}},
        {"type": "openrouter:web_search", "name": "openrouter:web_search"},
    ]
    found = {name: json.loads(value) for name, value in _indexed(tools=tools).items()}
    assert found == {
        "llm.tools.0.tool.json_schema": {
            "type": "function",
            "function": {"name": "weather", "parameters": {"type": "object"}},
        },
        "llm.tools.1.tool.json_schema": tools[1],
    }


def test_all_fit_exactly() -> None:
    """With room for all and for the counts, nothing is left out."""
    content: dict[str, Any] = {"inputs": _turns(3), "outputs": _turns(1), "tools": [{"type": "function", "name": "f"}]}
    assert _indexed(9 + 3, **content) == _indexed(**content)


def test_room() -> None:
    """The output comes first, then the last messages of the input under their own index, then the tools."""
    content: dict[str, Any] = {
        "inputs": _turns(100),
        "outputs": _turns(1),
        "tools": [{"type": "function", "name": "f"}],
    }
    found = _indexed(9 + 3, **content)
    assert found == {
        "llm.output_messages.0.message.role": "user",
        "llm.output_messages.0.message.content": "0",
        **{
            f"llm.input_messages.{index}.message.{key}": value
            for index in (99, 98, 97)
            for key, value in (("role", "user"), ("content", str(index)))
        },
        "llm.tools.0.tool.json_schema": '{"type": "function", "function": {"name": "f"}}',
        "openrouter.omitted.input_messages": 97,
    }
    assert _indexed(8 + 3, **content)["openrouter.omitted.tools"] == 1


def test_no_gaps_among_the_last_messages() -> None:
    """A message that does not fit leaves out all before it, even if they would fit."""
    large = {"role": "user", "parts": [_text(str(index)) for index in range(9)]}
    found = _indexed(4 + 3, inputs=[*_turns(1), large, *_turns(1)])
    assert found == {
        "llm.input_messages.2.message.role": "user",
        "llm.input_messages.2.message.content": "0",
        "openrouter.omitted.input_messages": 2,
    }


@pytest.mark.parametrize("room", [0, -5])
def test_no_room(room: int) -> None:
    """Without room the messages are counted."""
    assert _indexed(room, inputs=_turns(2), outputs=_turns(1)) == {
        "openrouter.omitted.output_messages": 1,
        "openrouter.omitted.input_messages": 2,
    }


@pytest.mark.parametrize(("room", "indexes"), [(None, [0, 1, 3]), (3, [0, 1]), (0, [])])
def test_texts_of_embeddings(room: int | None, indexes: list[int]) -> None:
    """The texts to embed have names of their own, and are no messages; tokens and media have no text."""
    tokens = {"role": "user", "parts": [{"type": "tokens", "count": 3}]}
    image = {"role": "user", "parts": [{"type": "uri", "modality": "image", "uri": "https://a.example"}]}
    inputs = [*_turns(2), tokens, {"role": "user", "parts": [_text("3"), *image["parts"]]}, image]
    span = SpanSnapshot({"gen_ai.operation.name": "embeddings", INPUT: json.dumps(inputs)}, 0)
    found = dict(indexed_texts(span, room))
    omitted = found.pop("openrouter.omitted.embeddings", None)
    assert found == {f"embedding.embeddings.{index}.embedding.text": str(index) for index in indexes}
    assert omitted == {None: None, 3: 2, 0: 5}[room]
    assert not indexed_messages(span, room)
    assert not indexed_texts(SpanSnapshot({INPUT: json.dumps(inputs)}, 0), room)


@pytest.mark.parametrize(
    "messages", ['[{"role": "user", "parts": [{"type": "te', "7", "{}", '["hello"]', '[{"parts": 1}]', '[{"role": []}]']
)
def test_invalid_messages(messages: str) -> None:
    """Messages that are truncated, or in another instrumentation's format, have no attributes."""
    assert not indexed_messages(SpanSnapshot({INPUT: messages}, 0), None)

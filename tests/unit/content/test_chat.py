"""Chat messages, prompts and tool definitions in, messages out: edge cases that no scenario covers."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._content.chat import chat_input, chat_output, text_input
from opentelemetry.instrumentation.openrouter._content.parts import make_text_filter

FILTER = make_text_filter()


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([{"content": "no role"}, {"role": "user"}, None, 3], []),
        (
            [{"role": "function", "name": "f", "content": "r"}],
            [{"role": "function", "parts": [{"type": "tool_call_response", "response": "r"}], "name": "f"}],
        ),
        (
            [{"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}],
            [{"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": {}}]}],
        ),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "s", "type": "openrouter:datetime", "index": 0, "timezone": "CET"},
                        {"id": "x"},
                    ],
                }
            ],
            [
                {
                    "role": "assistant",
                    "parts": [
                        {
                            "type": "server_tool_call",
                            "id": "s",
                            "name": "openrouter:datetime",
                            "server_tool_call": {"type": "openrouter:datetime", "timezone": "CET"},
                        }
                    ],
                }
            ],
        ),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"type": "function", "function": {"name": None, "arguments": None}}],
                }
            ],
            [{"role": "assistant", "parts": [{"type": "tool_call", "name": ""}]}],
        ),
        (
            [{"role": "user", "content": "hi", "name": ""}],
            [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}],
        ),
    ],
)
def test_unusual_messages(messages: list[Any], expected: list[Any]) -> None:
    """Deprecated function messages, server tool calls, and messages with missing fields."""
    content = chat_input({"messages": messages}, FILTER)
    assert content.get("gen_ai.input.messages", []) == expected


def test_custom_tool_definition() -> None:
    """The name and description of a custom tool are read from its `custom` field."""
    tool = {"type": "custom", "custom": {"name": "shell", "description": "Runs", "format": {"type": "text"}}}
    assert chat_input({"tools": [tool]}, FILTER) == {
        "gen_ai.tool.definitions": [{"type": "custom", "name": "shell", "description": "Runs"}]
    }


def test_deprecated_functions() -> None:
    """The deprecated `functions` are tool definitions; a tool without a type is ignored."""
    body: dict[str, Any] = {"functions": [{"name": "f", "parameters": {}}], "tools": [{"name": "x"}, {"type": ""}, 3]}
    assert chat_input(body, FILTER) == {"gen_ai.tool.definitions": [{"type": "function", "name": "f"}]}


@pytest.mark.parametrize("value", [None, 3, [], {}, [{}], [None]])
def test_malformed_values(value: object) -> None:
    """A malformed prompt or body gives no messages and does not raise."""
    assert text_input("prompt")({"prompt": value}, FILTER) == {}
    assert chat_output(value, FILTER) == []


def test_deep_input() -> None:
    """An input that is nested deeper than a list of lists is not read."""
    deep: Any = "deepest"
    for _ in range(20_000):
        deep = [deep]
    assert text_input("input")({"input": ["shallow", deep]}, FILTER) == {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "shallow"}]}]
    }

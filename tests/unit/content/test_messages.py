"""Blocks of the Anthropic Messages API in, messages out: edge cases that no scenario covers."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._content.messages import messages_input, messages_output
from opentelemetry.instrumentation.openrouter._content.parts import make_text_filter

from tests.message_schema import validate

FILTER = make_text_filter()


def _result(kind: str, result: Any) -> list[Any]:
    response = {"type": kind, "result": result}
    return [{"type": "server_tool_call_response", "id": "s", "server_tool_call_response": response}]


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ("bare", [{"type": "text", "content": "bare"}]),
        ({"type": "hologram", "content": "secret"}, [{"type": "hologram"}]),
        ({"type": "redacted_thinking", "data": "secret"}, []),
        ({"type": "image", "source": {"type": "base64", "data": ""}}, []),
        ({"type": "image", "source": None}, []),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            [{"type": "file", "modality": "image", "file_id": "file_1"}],
        ),
        (
            {"type": "document", "title": "a", "source": {"type": "file", "file_id": "file_1"}},
            [{"type": "file", "modality": "document", "file_id": "file_1", "name": "a"}],
        ),
        (
            {"type": "document", "title": "a", "source": {"type": "content", "content": "A page."}},
            [{"type": "text", "content": "A page."}],
        ),
        (
            {"type": "container_upload", "file_id": "file_1"},
            [{"type": "file", "modality": "document", "file_id": "file_1"}],
        ),
        ({"type": "container_upload"}, []),
        (
            {"type": "tool_use", "name": "f", "input": '{"cut'},
            [{"type": "tool_call", "name": "f", "arguments": '{"cut'}],
        ),
        (
            {"type": "tool_use", "name": "f", "input": {"é": 1}},
            [{"type": "tool_call", "name": "f", "arguments": {"é": 1}}],
        ),
        (
            {
                "type": "mcp_tool_use",
                "id": "m",
                "name": "look",
                "server_name": "eyes",
                "input": {"signature": "secret"},
            },
            [
                {
                    "type": "server_tool_call",
                    "id": "m",
                    "name": "look",
                    "server_tool_call": {"type": "look", "arguments": {}, "server_name": "eyes"},
                }
            ],
        ),
        (
            {"type": "mcp_tool_result", "tool_use_id": "s", "content": [{"type": "text", "text": "a cat"}]},
            _result("mcp_tool_result", [{"type": "text", "text": "a cat"}]),
        ),
        (
            {
                "type": "web_fetch_tool_result",
                "tool_use_id": "s",
                "content": {
                    "type": "web_fetch_result",
                    "content": {"source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}},
                },
            },
            _result(
                "web_fetch_tool_result",
                {
                    "type": "web_fetch_result",
                    "content": {"source": {"type": "base64", "media_type": "application/pdf", "byte_size": 3}},
                },
            ),
        ),
        (
            {
                "type": "code_execution_tool_result",
                "tool_use_id": "s",
                "content": {"stdout": "", "encrypted_stdout": "secret", "source": {"type": "base64", "data": 3}},
            },
            _result("code_execution_tool_result", {"stdout": "", "source": {"type": "base64"}}),
        ),
        ({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, []),
        (
            {
                "type": "text",
                "text": "It is.",
                "citations": [
                    {
                        "type": "char_location",
                        "cited_text": "is",
                        "document_index": 0,
                        "document_title": None,
                        "start_char_index": 3,
                        "end_char_index": 5,
                    },
                    {"cited_text": "nothing"},
                ],
            },
            [
                {"type": "text", "content": "It is."},
                {
                    "type": "char_location",
                    "cited_text": "is",
                    "document_index": 0,
                    "start_char_index": 3,
                    "end_char_index": 5,
                },
            ],
        ),
    ],
)
def test_blocks(block: Any, parts: list[Any]) -> None:
    """A block gives the same parts in a request and in a response; data and encrypted fields are not read."""
    content = messages_input({"messages": [{"role": "assistant", "content": [block]}]}, FILTER)
    expected: dict[str, Any] = {"gen_ai.input.messages": [{"role": "assistant", "parts": parts}]} if parts else {}
    assert content == expected
    validate(content)
    output = messages_output({"content": [block], "stop_reason": "tool_use"}, FILTER)
    assert output == [{"role": "assistant", "parts": parts, "finish_reason": "tool_call"}]
    assert "secret" not in str(output)


def test_results_are_messages_of_their_own() -> None:
    """Results of tools between other blocks split a user message; a message without a role or content is left out."""
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "tool_result", "content": None},
        {"type": "tool_result", "tool_use_id": "t", "content": ""},
        {"type": "text", "text": "b"},
        {"type": "text", "text": "c"},
    ]
    wire = [{"role": "user", "content": blocks}, {"content": "x"}, {"role": "user", "content": ""}, "x"]
    content = messages_input({"system": "Be brief.", "messages": wire, "tools": ["x", {"type": "t"}]}, FILTER)
    assert content == {
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
        "gen_ai.input.messages": [
            {"role": "user", "parts": [{"type": "text", "content": "a"}]},
            {
                "role": "tool",
                "parts": [
                    {"type": "tool_call_response", "response": []},
                    {"type": "tool_call_response", "id": "t", "response": ""},
                ],
            },
            {"role": "user", "parts": [{"type": "text", "content": "b"}, {"type": "text", "content": "c"}]},
        ],
        "gen_ai.tool.definitions": [{"type": "t", "name": "t"}],
    }
    validate(content)


def test_redact_and_depth() -> None:
    """`redact` receives the arguments of a tool as text; nested results are bounded."""
    redacting = make_text_filter(redact=lambda value: value.replace("4111", "#"))
    block = {"type": "tool_use", "name": "pay", "input": {"card": 4111}}
    (message,) = messages_output({"content": [block]}, redacting)
    assert message["parts"][0]["arguments"] == '{"card": #}'
    deep: Any = "x"
    for _ in range(100):
        deep = {"a": [deep]}
    messages_output({"content": [{"type": "mcp_tool_result", "tool_use_id": "s", "content": deep}]}, FILTER)


def test_no_content() -> None:
    """Without blocks there is no message."""
    assert messages_output({"content": []}, FILTER) == messages_output(None, FILTER) == []

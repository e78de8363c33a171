"""Items of the Responses API in, messages out: edge cases that no scenario covers."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._content.parts import make_text_filter
from opentelemetry.instrumentation.openrouter._content.responses_api import responses_input, responses_output

from tests.message_schema import validate

FILTER = make_text_filter()


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        (
            {
                "type": "openrouter:image_generation",
                "id": "i",
                "status": "completed",
                "imageUrl": "https://a.example/a.png",
            },
            [
                {
                    "type": "server_tool_call",
                    "id": "i",
                    "name": "openrouter:image_generation",
                    "server_tool_call": {"type": "openrouter:image_generation", "status": "completed"},
                },
                {"type": "uri", "modality": "image", "uri": "https://a.example/a.png"},
            ],
        ),
        (
            {
                "type": "code_interpreter_call",
                "id": "c",
                "code": "1",
                "outputs": [{"type": "logs", "logs": "1"}],
                "signature": "secret",
            },
            [
                {
                    "type": "server_tool_call",
                    "id": "c",
                    "name": "code_interpreter_call",
                    "server_tool_call": {"type": "code_interpreter_call", "code": "1"},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "c",
                    "server_tool_call_response": {
                        "type": "code_interpreter_call",
                        "result": [{"type": "logs", "logs": "1"}],
                    },
                },
            ],
        ),
        (
            {"type": "function_call", "id": "f", "name": "f", "arguments": ""},
            [{"type": "tool_call", "id": "f", "name": "f"}],
        ),
        ({"content": "neither type nor role"}, []),
    ],
)
def test_server_tool_items(item: dict[str, Any], parts: list[Any]) -> None:
    """Each server tool has its own fields, and its item becomes a call and, if it has a result, a response part."""
    assert responses_output({"output": [item]}, FILTER) == [{"role": "assistant", "parts": parts}]
    validate({"gen_ai.output.messages": responses_output({"output": [item]}, FILTER)})


def test_tool_output_in_a_request() -> None:
    """The output of a tool that the caller ran is a message with the role `tool`."""
    assert responses_input({"input": [{"type": "shell_call_output", "call_id": "c", "output": "ok"}]}, FILTER) == {
        "gen_ai.input.messages": [
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "ok"}]}
        ]
    }


@pytest.mark.parametrize("value", [None, 3, [], {}, [{}], [None]])
def test_malformed_values(value: object) -> None:
    """A malformed input or body gives no messages and does not raise."""
    assert responses_input({"input": value}, FILTER) == {}
    assert responses_output(value, FILTER) == []


@pytest.mark.parametrize(
    ("item", "name", "arguments"),
    [
        ({"type": "function_call", "name": "f", "arguments": '{"a": 1}'}, "f", {"a": 1}),
        ({"type": "computer_call", "actions": [{"type": "wait"}]}, "computer", [{"type": "wait"}]),
        ({"type": "local_shell_call", "action": {"command": ["ls"]}}, "local_shell", {"command": ["ls"]}),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, "shell", {"commands": ["ls"]}),
        ({"type": "apply_patch_call", "operation": {"path": "a"}}, "apply_patch", {"path": "a"}),
    ],
)
def test_calls_of_the_callers_tools(item: dict[str, Any], name: str, arguments: object) -> None:
    """Each call that the caller has to run is a tool call, and its output is the response to it."""
    call = {**item, "call_id": "c"}
    output = {"type": f"{item['type']}_output", "call_id": "c", "output": "done"}
    assert responses_input({"input": [call, output]}, FILTER) == {
        "gen_ai.input.messages": [
            {
                "role": "assistant",
                "parts": [{"type": "tool_call", "id": "c", "name": name, "arguments": arguments}],
            },
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "done"}]},
        ]
    }

"""The Responses API: the provider is only in a header or in routing metadata, and native finish reasons are absent.

Finish reasons are mapped to those of chat completions.
"""

from dataclasses import replace
from typing import Any, Final

from .chat import CACHED, ROUTING
from .chat import SCENARIOS as CHAT
from .scenario import (
    CITATION_PART,
    HELLO_CONTENT,
    HELLO_INPUT,
    ID_ONLY,
    PDF_PART,
    PNG_PART,
    ExpectedSpan,
    Scenario,
    both,
    failed,
    message,
    output_messages,
    text,
    usage_attributes,
)

REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "input": "Say hello."}
IDENTITY: Final[dict[str, Any]] = {**ID_ONLY, "gen_ai.response.model": "openai/gpt-4o-mini"}
STOP_FINISH: Final = {"gen_ai.response.finish_reasons": ("stop",)}
FAILED: Final = {"gen_ai.response.finish_reasons": ("error",)}
USAGE: Final = usage_attributes(43, 120, 0.00014, reasoning=11, cached=12)
HELLO: Final = {**IDENTITY, **STOP_FINISH, **USAGE}

SHARED: Final = (
    *("html", "null_body", "list_body", "cut_json", "too_deep", "event_too_deep", "whitespace"),
    *("empty_stream", "empty", "rate_limited", "moderated", "html_error", "routed_in_vain"),
)

EVERYTHING_REQUEST: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "instructions": "Be brief.",
    "input": [
        {"role": "system", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look:"},
                {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64," + "A" * 8000},
                {"type": "input_image", "detail": "auto", "file_id": "file-1"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAA="},
                {"type": "input_file", "file_url": "https://files.example/b.pdf"},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
                {"type": "input_video", "video_url": "https://videos.example/a.webm"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "I look."}],
            "encrypted_content": "secret_encrypted",
        },
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at": "a"}'},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "shell", "input": "ls"},
        {"type": "function_call_output", "call_id": "call_1", "output": "a cat"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "a dog"}]},
        {
            "type": "openrouter:web_search",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "search", "query": "cats", "sources": [{"type": "url", "url": "https://cats.example"}]},
        },
        {"type": "openrouter:advisor", "id": "ad_1", "status": "completed", "prompt": "Cat?", "advice": "Cat."},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [
                {
                    "type": "output_text",
                    "text": "A cat.",
                    "annotations": [
                        {
                            "type": "url_citation",
                            "url": "https://cats.example",
                            "title": "Cats",
                            "start_index": 0,
                            "end_index": 5,
                        }
                    ],
                }
            ],
        },
        {"type": "item_reference", "id": "msg_0"},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [
        {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": True},
        {"type": "openrouter:web_search", "parameters": {"key": "secret_parameter"}},
    ],
    "text": {"format": {"type": "json_object"}},
    "max_output_tokens": 300,
    "reasoning": {"effort": "low"},
}
EVERYTHING_CONTENT: Final[dict[str, Any]] = {
    "gen_ai.system_instructions": [text("Be brief.")],
    "gen_ai.input.messages": [
        {"role": "system", "parts": [text("Be kind.")]},
        {
            "role": "user",
            "parts": [
                text("Look:"),
                PNG_PART,
                {"type": "file", "modality": "image", "file_id": "file-1"},
                PDF_PART,
                {"type": "uri", "modality": "document", "uri": "https://files.example/b.pdf"},
                {"type": "blob", "modality": "audio", "mime_type": "audio/mp3", "content": "", "byte_size": 3},
                {"type": "uri", "modality": "video", "uri": "https://videos.example/a.webm"},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                text("I look.", "reasoning"),
                {"type": "tool_call", "id": "call_1", "name": "look", "arguments": {"at": "a"}},
                {"type": "tool_call", "id": "call_2", "name": "shell", "arguments": "ls"},
            ],
        },
        {
            "role": "tool",
            "parts": [
                {"type": "tool_call_response", "id": "call_1", "response": "a cat"},
                {"type": "tool_call_response", "id": "call_2", "response": [text("a dog")]},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                {
                    "type": "server_tool_call",
                    "id": "ws_1",
                    "name": "openrouter:web_search",
                    "server_tool_call": {
                        "type": "openrouter:web_search",
                        "status": "completed",
                        "action": {
                            "type": "search",
                            "query": "cats",
                            "sources": [{"type": "url", "url": "https://cats.example"}],
                        },
                    },
                },
                {
                    "type": "server_tool_call",
                    "id": "ad_1",
                    "name": "openrouter:advisor",
                    "server_tool_call": {"type": "openrouter:advisor", "status": "completed", "prompt": "Cat?"},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "ad_1",
                    "server_tool_call_response": {"type": "openrouter:advisor", "result": "Cat."},
                },
                text("A cat."),
                {
                    "type": "url_citation",
                    "url": "https://cats.example",
                    "title": "Cats",
                    "start_index": 0,
                    "end_index": 5,
                },
                {"type": "item_reference", "id": "msg_0"},
            ],
        },
        {"role": "user", "parts": [text("And now?")]},
    ],
    "gen_ai.tool.definitions": [
        {"type": "function", "name": "look", "parameters": {"type": "object"}},
        {"type": "openrouter:web_search", "name": "openrouter:web_search"},
    ],
    **output_messages(message(text("Hello"))),
}
EVERY_PART: Final = (
    text("Search, then draw.", "reasoning"),
    text("It is sunny."),
    CITATION_PART,
    text("No more.", "refusal"),
    {
        "type": "server_tool_call",
        "id": "ig_1",
        "name": "image_generation_call",
        "server_tool_call": {"type": "image_generation_call", "status": "completed"},
    },
    PNG_PART,
)

_TABLE: Final[dict[str, Scenario]] = {
    "hello": both(HELLO, content=HELLO_CONTENT),
    "every_request_part": both(
        HELLO,
        request=EVERYTHING_REQUEST,
        request_attributes={
            "gen_ai.output.type": "json",
            "gen_ai.request.max_tokens": 300,
            "gen_ai.request.reasoning.level": "low",
        },
        content=EVERYTHING_CONTENT,
        reply_name="hello",
    ),
    "served_elsewhere": both(
        {
            **ID_ONLY,
            **STOP_FINISH,
            **usage_attributes(10, 20, 7.1e-06),
            "gen_ai.response.model": "deepseek/deepseek-chat-v3.1",
            "openrouter.provider.name": "DeepInfra",  # from the header
            "openrouter.response.service_tier": "default",
        }
    ),
    "byok": both(
        {
            **IDENTITY,
            **STOP_FINISH,
            **usage_attributes(43, 120, 0.0003),
            "gen_ai.response.model": "openai/gpt-4o",
            "openrouter.usage.cost": 0.0001,
            "openrouter.usage.upstream_inference_cost": 0.0002,
            "openrouter.usage.input_cost": 0.00005,
            "openrouter.usage.output_cost": 0.00015,
            "openrouter.usage.is_byok": True,
        }
    ),
    "reasoning": both(
        {
            **ID_ONLY,
            **STOP_FINISH,
            **usage_attributes(20, 30, 0.00051, reasoning=25),
            "gen_ai.response.model": "anthropic/claude-sonnet-4.5",
        },
        content={**HELLO_INPUT, **output_messages(message(text("Let me think.", "reasoning"), text("Four.")))},
    ),
    "parallel_tools": both(
        {**IDENTITY, **usage_attributes(80, 12, 2e-05), "gen_ai.response.finish_reasons": ("tool_calls",)},
        content=CHAT["parallel_tools"].content,
    ),
    "computer_call": both(
        {
            **IDENTITY,
            **usage_attributes(10, 5, 0.0001),
            "gen_ai.response.finish_reasons": ("tool_calls",),
        },
        content={
            **HELLO_INPUT,
            **output_messages(
                message(
                    {
                        "type": "tool_call",
                        "id": "call_c",
                        "name": "computer",
                        "arguments": {"type": "click", "button": "left", "x": 3, "y": 4},
                    },
                    reason="tool_call",
                )
            ),
        },
    ),
    "ends_early": Scenario(None, ExpectedSpan({**IDENTITY, **FAILED, "error.type": "interrupted_stream"}, "ERROR")),
    "every_part": both(
        {**IDENTITY, **STOP_FINISH, **usage_attributes(90, 40, 0.0021)},
        content={**HELLO_INPUT, **output_messages(message(*EVERY_PART))},
    ),
    "refusal": both(
        {**IDENTITY, **STOP_FINISH, **usage_attributes(9, 4, 1e-06)},
        content={**HELLO_INPUT, **output_messages(message(text("I cannot.", "refusal")))},
    ),
    "too_long": both(
        {**HELLO, "gen_ai.response.finish_reasons": ("length",)},
        content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="length"))},
    ),
    "filtered": both({**HELLO, "gen_ai.response.finish_reasons": ("content_filter",)}),
    "cached": both({**IDENTITY, **STOP_FINISH, **usage_attributes(0, 0, 0.0), **CACHED}),
    "routed": both({**HELLO, **usage_attributes(43, 120, 0.00014), **ROUTING, "openrouter.provider.name": "Azure"}),
    # `response.failed` is an ordinary event, and includes the usage.
    "error_in_stream": failed(
        "server",
        "Upstream error",
        {
            **IDENTITY,
            **FAILED,
            **USAGE,
            "openrouter.error.code": "server_error",
            "openrouter.error.provider_code": "overloaded_error",
        },
        content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="error"))},
    ),
    "typed_error": failed(
        "context_length_exceeded",
        "Too long",
        {**IDENTITY, **FAILED, **usage_attributes(9, 0, 0.0), "openrouter.error.code": "server_error"},
    ),
    "error_finish": failed(
        "server",
        "The model failed",
        {**IDENTITY, **FAILED, **usage_attributes(43, 2, 0.0), "openrouter.error.code": "server_error"},
    ),
    # An `error` event is the last event.
    "error_in_200": Scenario(
        None,
        ExpectedSpan(
            {**IDENTITY, **FAILED, "error.type": "server", "openrouter.error.code": "server_error"},
            "ERROR",
            "Upstream error from Nvidia: Service temporarily overloaded",
        ),
        content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="error"))},
    ),
    "error_instead_of_stream": failed("provider_unavailable", "Model is warming up", {"openrouter.error.code": "503"}),
}
SCENARIOS: Final = {
    **{name: replace(CHAT[name], content=None, request=REQUEST) for name in SHARED},
    **{
        name: scenario if scenario.request is EVERYTHING_REQUEST else replace(scenario, request=REQUEST)
        for name, scenario in _TABLE.items()
    },
}

"""The Anthropic Messages API: input tokens include the cached ones, and stop reasons are mapped to those of chat."""

from dataclasses import replace
from typing import Any, Final

from .chat import BROKEN_FINISH, CACHED, ROUTING
from .chat import SCENARIOS as CHAT
from .scenario import (
    HELLO_CONTENT,
    HELLO_INPUT,
    ID_ONLY,
    IDENTITY,
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

REQUEST: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "max_tokens": 300,
    "messages": [{"role": "user", "content": "Say hello."}],
}
_NOT_SENT: Final = ("audio.input", "video.input", "image.output", "audio.output")


def _usage(prompt: int, completion: int, cost: float, **more: Any) -> dict[str, Any]:
    attributes = usage_attributes(prompt, completion, cost, **more)
    return {name: value for name, value in attributes.items() if not any(part in name for part in _NOT_SENT)}


def _finish(reason: str, native: str) -> dict[str, Any]:
    return {"gen_ai.response.finish_reasons": (reason,), "openrouter.response.native_finish_reasons": (native,)}


STOP: Final = _finish("stop", "end_turn")
HELLO_USAGE: Final = _usage(43, 120, 0.00014, reasoning=11, cached=12)
HELLO: Final = {**IDENTITY, **STOP, **HELLO_USAGE}
STARTED: Final = {
    **IDENTITY,
    "gen_ai.usage.input_tokens": 43,
    "gen_ai.usage.cache_read.input_tokens": 12,
    "gen_ai.usage.cache_write.input_tokens": 0,
}
"""The span of a stream that ended after its first event."""

EVERYTHING_REQUEST: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "max_tokens": 300,
    "stop_sequences": ["END"],
    "metadata": {"user_id": "u-1"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 8000}},
                {"type": "image", "source": {"type": "url", "url": "https://images.example/a.png"}},
                {
                    "type": "document",
                    "title": "a.pdf",
                    "context": "A report.",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "AAA="},
                },
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A page."}},
                {
                    "type": "document",
                    "source": {"type": "content", "content": [{"type": "text", "text": "A chunk."}]},
                },
                {
                    "type": "search_result",
                    "source": "https://cats.example",
                    "title": "Cats",
                    "content": [{"type": "text", "text": "Cats purr."}],
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "I look.", "signature": "secret_signature"},
                {"type": "redacted_thinking", "data": "secret_encrypted"},
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "a"}},
                {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a cat"},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "is_error": True,
                    "content": [
                        {"type": "text", "text": "late"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 8000}},
                    ],
                },
                {"type": "text", "text": "And now?"},
            ],
        },
    ],
    "tools": [
        {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["secret.example"]},
    ],
    # The newest SDKs have no arguments for the first three.
    "extra_body": {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "provider": {"order": ["anthropic"]}},
}
EVERYTHING_CONTENT: Final[dict[str, Any]] = {
    "gen_ai.system_instructions": [text("Be brief.")],
    "gen_ai.input.messages": [
        {
            "role": "user",
            "parts": [
                text("Look:"),
                PNG_PART,
                {"type": "uri", "modality": "image", "uri": "https://images.example/a.png"},
                {
                    "type": "blob",
                    "modality": "document",
                    "mime_type": "application/pdf",
                    "content": "",
                    "byte_size": 2,
                    "name": "a.pdf",
                },
                text("A report."),
                text("A page."),
                text("A chunk."),
                text("Cats"),
                text("Cats purr."),
            ],
        },
        {
            "role": "assistant",
            "parts": [
                text("I look.", "reasoning"),
                text("Looking."),
                {"type": "tool_call", "id": "toolu_1", "name": "look", "arguments": {"at": "a"}},
                {"type": "tool_call", "id": "toolu_2", "name": "clock", "arguments": {}},
            ],
        },
        {
            "role": "tool",
            "parts": [
                {"type": "tool_call_response", "id": "toolu_1", "response": "a cat"},
                {"type": "tool_call_response", "id": "toolu_2", "response": [text("late"), PNG_PART]},
            ],
        },
        {"role": "user", "parts": [text("And now?")]},
    ],
    "gen_ai.tool.definitions": [
        {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
    **output_messages(message(text("Hello"))),
}
EVERY_PART: Final = (
    text("Search, then draw.", "reasoning"),
    {
        "type": "server_tool_call",
        "id": "st_1",
        "name": "web_search",
        "server_tool_call": {"type": "web_search", "arguments": {"query": "weather"}},
    },
    {
        "type": "server_tool_call_response",
        "id": "st_1",
        "server_tool_call_response": {
            "type": "web_search_tool_result",
            "result": [{"type": "web_search_result", "url": "https://weather.example", "title": "Weather"}],
        },
    },
    text("It is sunny."),
    {"type": "url_citation", "url": "https://weather.example", "title": "Weather", "content": "Sunny today"},
)

_TABLE: Final[dict[str, Scenario]] = {
    "hello": both(HELLO, content=HELLO_CONTENT),
    "every_request_part": both(
        HELLO,
        request=EVERYTHING_REQUEST,
        request_attributes={
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_p": 0.9,
            "gen_ai.request.top_k": 5,
            "gen_ai.request.stop_sequences": ("END",),
            "user.id": "u-1",
            "openrouter.request.provider.order": ("anthropic",),
        },
        content=EVERYTHING_CONTENT,
        reply_name="hello",
    ),
    "no_cost_in_stream": Scenario(
        ExpectedSpan(HELLO),
        ExpectedSpan({name: value for name, value in HELLO.items() if "cost" not in name and "byok" not in name}),
    ),
    "served_elsewhere": both(
        {
            **IDENTITY,
            **STOP,
            **_usage(10, 20, 7.1e-06),
            "gen_ai.response.model": "deepseek/deepseek-chat-v3.1",
            "openrouter.provider.name": "DeepInfra",
            "openrouter.response.service_tier": "default",
        }
    ),
    "byok": both(
        {
            **IDENTITY,
            **STOP,
            **_usage(43, 120, 0.0003),
            "gen_ai.response.model": "openai/gpt-4o",
            "openrouter.provider.name": "Azure",
            "openrouter.usage.cost": 0.0001,
            "openrouter.usage.upstream_inference_cost": 0.0002,
            "openrouter.usage.input_cost": 0.00005,
            "openrouter.usage.output_cost": 0.00015,
            "openrouter.usage.is_byok": True,
        }
    ),
    "reasoning": both(
        {
            **IDENTITY,
            **STOP,
            **_usage(20, 30, 0.00051, reasoning=25),
            "gen_ai.response.model": "anthropic/claude-sonnet-4.5",
            "openrouter.provider.name": "Anthropic",
        },
        content={**HELLO_INPUT, **output_messages(message(text("Let me think.", "reasoning"), text("Four.")))},
    ),
    "parallel_tools": both(
        {**IDENTITY, **_finish("tool_calls", "tool_use"), **_usage(80, 12, 2e-05)},
        content=CHAT["parallel_tools"].content,
    ),
    "every_part": both(
        {**IDENTITY, **STOP, **_usage(90, 40, 0.0021)},
        content={**HELLO_INPUT, **output_messages(message(*EVERY_PART))},
    ),
    "too_long": both(
        {**HELLO, **_finish("length", "max_tokens")},
        content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="length"))},
    ),
    "filtered": both({**HELLO, **_finish("content_filter", "refusal")}),
    "cached": both({**IDENTITY, **STOP, **_usage(0, 0, 0.0), **CACHED}),
    "routed": both({**IDENTITY, **STOP, **_usage(43, 120, 0.00014), **ROUTING, "openrouter.provider.name": "Azure"}),
    "error_in_stream": Scenario(
        ExpectedSpan({**ID_ONLY, "error.type": "provider_unavailable"}, "ERROR", "Upstream error"),
        ExpectedSpan({**STARTED, **BROKEN_FINISH, "error.type": "provider_unavailable"}, "ERROR", "Upstream error"),
        content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="error"))},
    ),
    # Without OpenRouter's `error_type`, the type is that of Anthropic.
    "error_in_stream_without_usage": Scenario(
        ExpectedSpan({**ID_ONLY, "error.type": "server"}, "ERROR", "Provider disconnected"),
        ExpectedSpan({**IDENTITY, **BROKEN_FINISH, "error.type": "server"}, "ERROR", "Provider disconnected"),
    ),
    "ends_early": Scenario(
        None, ExpectedSpan({**STARTED, **BROKEN_FINISH, "error.type": "interrupted_stream"}, "ERROR")
    ),
    "rate_limited": failed(
        "rate_limit_exceeded", "Provider returned error", {**ID_ONLY, "openrouter.error.code": "429"}
    ),
    "bad_request": failed(
        "invalid_request", "nope is not a valid model ID", {**ID_ONLY, "openrouter.error.code": "400"}
    ),
    "moderated": failed(
        "content_policy_violation", "Your input was flagged", {**ID_ONLY, "openrouter.error.code": "403"}
    ),
    "overloaded": failed("provider_overloaded", "Provider overloaded", {**ID_ONLY, "openrouter.error.code": "529"}),
    "routed_in_vain": CHAT["routed_in_vain"],
    "html_error": CHAT["html_error"],
    "whitespace": CHAT["whitespace"],
    "empty": CHAT["empty"],
    "empty_stream": CHAT["empty_stream"],
}


def _completed(name: str, scenario: Scenario) -> Scenario:
    """Return a scenario with this endpoint's request; those of chat have no content here."""
    return replace(
        scenario,
        request=EVERYTHING_REQUEST if scenario.request is EVERYTHING_REQUEST else REQUEST,
        request_attributes={"gen_ai.request.max_tokens": 300, **scenario.request_attributes},
        content=None if scenario is CHAT.get(name) else scenario.content,
    )


SCENARIOS: Final = {name: _completed(name, scenario) for name, scenario in _TABLE.items()}

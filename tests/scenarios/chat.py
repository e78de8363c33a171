"""Chat completions: the complete span of each scenario."""

from dataclasses import replace
from typing import Any, Final

from .scenario import (
    CITATION_PART,
    HELLO_CONTENT,
    HELLO_INPUT,
    ID_ONLY,
    IDENTITY,
    PDF_PART,
    PNG_PART,
    REQUEST,
    STOP_FINISH,
    ExpectedSpan,
    Scenario,
    both,
    failed,
    http_error,
    message,
    output_messages,
    text,
    usage_attributes,
)

HELLO: Final = {**IDENTITY, **STOP_FINISH, **usage_attributes(43, 120, 0.00014, reasoning=11, cached=12)}

# Every type of message and part that a request may contain.
EVERYTHING_REQUEST: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}], "name": "dev"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 8000}},
                {"type": "image_url", "image_url": {"url": "https://images.example/a.jpg", "detail": "high"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAA="}},
                {"type": "file", "file": {"filename": "b.pdf", "file_data": "https://files.example/b.pdf"}},
                {"type": "file", "file": {"file_id": "file-1"}},
                {"type": "video_url", "video_url": {"url": "https://videos.example/a.webm"}},
                {"type": "hologram", "hologram": "secret_unknown"},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning": "I should look.",
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "secret_encrypted", "index": 0}],
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": ["a", "b"]}'}},
                {"id": "call_2", "type": "function", "function": {"name": "look", "arguments": "not JSON"}},
                {"id": "call_3", "type": "custom", "custom": {"name": "shell", "input": "ls"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "a dog"}]},
        {"role": "assistant", "content": "A cat.", "refusal": "No dog.", "audio": {"id": "audio_1"}},
        {"role": "user", "content": "data:image/png;base64,AAAA"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}, "strict": True},
        },
        {"type": "openrouter:web_search", "parameters": {"key": "secret_parameter"}},
        {"type": "mcp", "server_label": "files", "headers": {"Authorization": "secret_header"}},
    ],
}
EVERYTHING_CONTENT: Final[dict[str, Any]] = {
    "gen_ai.input.messages": [
        {"role": "system", "parts": [text("Be brief.")]},
        {"role": "developer", "parts": [text("Be kind.")], "name": "dev"},
        {
            "role": "user",
            "parts": [
                text("Look:"),
                PNG_PART,
                {"type": "uri", "modality": "image", "uri": "https://images.example/a.jpg"},
                {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "", "byte_size": 3},
                PDF_PART,
                {"type": "uri", "modality": "document", "uri": "https://files.example/b.pdf", "name": "b.pdf"},
                {"type": "file", "modality": "document", "file_id": "file-1"},
                {"type": "uri", "modality": "video", "uri": "https://videos.example/a.webm"},
                {"type": "hologram"},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                text("I should look.", "reasoning"),
                {"type": "tool_call", "id": "call_1", "name": "look", "arguments": {"at": ["a", "b"]}},
                {"type": "tool_call", "id": "call_2", "name": "look", "arguments": "not JSON"},
                {"type": "tool_call", "id": "call_3", "name": "shell", "arguments": "ls"},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "a cat"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_2", "response": [text("a dog")]}]},
        {
            "role": "assistant",
            "parts": [
                text("A cat."),
                text("No dog.", "refusal"),
                {"type": "file", "modality": "audio", "file_id": "audio_1"},
            ],
        },
        {"role": "user", "parts": [text("data:image/png;base64,… (3 bytes)")]},
    ],
    "gen_ai.tool.definitions": [
        {"type": "function", "name": "look", "description": "Looks", "parameters": {"type": "object"}},
        {"type": "openrouter:web_search", "name": "openrouter:web_search"},
        {"type": "mcp", "name": "files"},
    ],
    **output_messages(message(text("Hello"))),
}
EVERY_PART: Final = (
    text("Search, then draw.", "reasoning"),
    text("Look it up", "reasoning"),
    {
        "type": "server_tool_call",
        "id": "st_1",
        "name": "openrouter:web_search",
        "server_tool_call": {"type": "openrouter:web_search", "arguments": '{"query": "weather"}'},
    },
    {
        "type": "server_tool_call_response",
        "id": "st_1",
        "server_tool_call_response": {"type": "openrouter:web_search", "result": "sunny"},
    },
    text("It is sunny."),
    text("No more.", "refusal"),
    CITATION_PART,
    PNG_PART,
    {"type": "blob", "modality": "audio", "content": "", "byte_size": 6, "transcript": "It is sunny."},
)
ROUTING: Final[dict[str, Any]] = {
    "openrouter.routing.requested_model": "openai/gpt-4o-mini",
    "openrouter.routing.strategy": "fallback",
    "openrouter.routing.region": "iad",
    "openrouter.routing.attempt.number": 2,
    "openrouter.routing.attempt.providers": ("OpenAI", "Azure"),
    "openrouter.routing.attempt.models": ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
    "openrouter.routing.attempt.statuses": (429, 200),
}
ROUTED_IN_VAIN_ROUTING: Final[dict[str, Any]] = {
    **ROUTING,
    "openrouter.routing.attempt.number": 1,
    "openrouter.routing.attempt.providers": ("OpenAI",),
    "openrouter.routing.attempt.models": ("openai/gpt-4o-mini",),
    "openrouter.routing.attempt.statuses": (429,),
}
CACHED: Final[dict[str, Any]] = {
    "openrouter.cache.status": "HIT",
    "openrouter.cache.age": 42,
    "openrouter.cache.ttl": 258,
    "openrouter.cache.source_id": "gen-1762179000-Source",
}
BROKEN_FINISH: Final = {"gen_ai.response.finish_reasons": ("error",)}
ENDS_EARLY: Final = Scenario(
    None,
    ExpectedSpan({**IDENTITY, **BROKEN_FINISH, "error.type": "interrupted_stream"}, "ERROR"),
    reply_name="ends_early",
)
NOT_AN_OBJECT: Final = ("html", "list_body", "string_body", "number_body", "not_utf8", "cut_json", "too_deep")

SCENARIOS: Final[dict[str, Scenario]] = {
    "hello": both(HELLO, content=HELLO_CONTENT),
    "every_request_part": both(
        HELLO, request=EVERYTHING_REQUEST, content=EVERYTHING_CONTENT, reply_name="hello", supports_parse=False
    ),
    "every_part": both(
        {**IDENTITY, **STOP_FINISH, **usage_attributes(90, 40, 0.0021)},
        content={**HELLO_INPUT, **output_messages(message(*EVERY_PART))},
    ),
    "parallel_tools": both(
        {
            **IDENTITY,
            **usage_attributes(80, 12, 2e-05),
            "gen_ai.response.finish_reasons": ("tool_calls",),
            "openrouter.response.native_finish_reasons": ("tool_use",),
        },
        content={
            **HELLO_INPUT,
            **output_messages(
                message(
                    text("I look."),
                    {
                        "type": "tool_call",
                        "id": "call_a",
                        "name": "weather",
                        "arguments": {"city": "Paris", "days": [1, 2]},
                    },
                    {"type": "tool_call", "id": "call_b", "name": "clock", "arguments": {"zone": "CET"}},
                    reason="tool_call",
                )
            ),
        },
    ),
    "content_blocks": both(
        {**IDENTITY, **STOP_FINISH, **usage_attributes(10, 5, 0.0001)},
        content={**HELLO_INPUT, **output_messages(message(text("Hmm.", "reasoning"), text("Two.")))},
        supports_parse=False,
    ),
    "tool_id_changes": both(
        {
            **IDENTITY,
            **usage_attributes(10, 5, 0.0001),
            "gen_ai.response.finish_reasons": ("tool_calls",),
            "openrouter.response.native_finish_reasons": ("tool_calls",),
        },
        content={
            **HELLO_INPUT,
            **output_messages(
                message(
                    {"type": "tool_call", "id": "call_a", "name": "weather", "arguments": {"city": "Paris"}},
                    reason="tool_call",
                )
            ),
        },
    ),
    "usage_then_less": both(HELLO),
    "usage_in_two_chunks": both(
        {
            **IDENTITY,
            **STOP_FINISH,
            "gen_ai.usage.input_tokens": 43,
            "gen_ai.usage.output_tokens": 120,
            "gen_ai.usage.cache_read.input_tokens": 12,
            "gen_ai.usage.cost": 0.00014,
            "openrouter.usage.cost": 0.00014,
            "openrouter.usage.is_byok": False,
        }
    ),
    "ends_early": replace(
        ENDS_EARLY, content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="error"))}
    ),
    "refusal": both(
        {**IDENTITY, **STOP_FINISH, **usage_attributes(9, 4, 1e-06)},
        content={**HELLO_INPUT, **output_messages(message(text("I cannot.", "refusal")))},
    ),
    "cached": both({**IDENTITY, **STOP_FINISH, **usage_attributes(0, 0, 0.0), **CACHED}),
    "routed": both(
        {
            **IDENTITY,
            **STOP_FINISH,
            **usage_attributes(43, 120, 0.00014),
            **ROUTING,
            "openrouter.provider.name": "Azure",
        }
    ),
    "routed_in_vain": failed(
        "provider_unavailable",
        "No available provider",
        {**ID_ONLY, "openrouter.error.code": "503", **ROUTED_IN_VAIN_ROUTING},
    ),
    "empty": failed("empty_response", None, {}),
    "null_finish": both(HELLO),
    "no_choices": both(HELLO),
    "answer_as_json": both(HELLO),
    "served_elsewhere": both(
        {
            **ID_ONLY,
            **STOP_FINISH,
            **usage_attributes(10, 20, 7.1e-06),
            "gen_ai.response.model": "deepseek/deepseek-chat-v3.1",
            "openrouter.provider.name": "DeepInfra",
            "openrouter.response.service_tier": "default",
        }
    ),
    "byok": both(
        {
            **HELLO,
            "gen_ai.usage.cache_read.input_tokens": 0,
            "gen_ai.usage.reasoning.output_tokens": 0,
            "gen_ai.response.model": "openai/gpt-4o",
            "openrouter.provider.name": "Azure",
            "gen_ai.usage.cost": 0.0003,
            "openrouter.usage.cost": 0.0001,
            "openrouter.usage.upstream_inference_cost": 0.0002,
            "openrouter.usage.input_cost": 0.00005,
            "openrouter.usage.output_cost": 0.00015,
            "openrouter.usage.is_byok": True,
        }
    ),
    "free": both(
        {
            **STOP_FINISH,
            **ID_ONLY,
            "gen_ai.response.model": "minimax/minimax-m2:free",
            "openrouter.provider.name": "Minimax",
            **{
                name: value
                for name, value in usage_attributes(43, 10, 0.0).items()
                if name != "openrouter.usage.upstream_inference_cost"
            },
            "openrouter.usage.input_cost": 0.0,
            "openrouter.usage.output_cost": 0.0,
        }
    ),
    "whole_dollars": both(
        {
            **IDENTITY,
            **STOP_FINISH,
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.output_tokens": 9,
            "gen_ai.usage.cost": 2.0,
            "openrouter.usage.cost": 2.0,
        }
    ),
    "cost_is_text": both({**IDENTITY, **STOP_FINISH, "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 9}),
    "oldest": both(
        {
            **IDENTITY,
            **STOP_FINISH,
            "openrouter.provider.name": "Google",
            "openrouter.response.native_finish_reasons": ("STOP",),
            "gen_ai.usage.input_tokens": 31,
            "gen_ai.usage.output_tokens": 21,
        }
    ),
    "reasoning": both(
        {
            **ID_ONLY,
            **STOP_FINISH,
            **usage_attributes(20, 30, 0.00051, reasoning=25),
            "gen_ai.response.model": "anthropic/claude-sonnet-4.5",
            "openrouter.provider.name": "Anthropic",
            "openrouter.response.native_finish_reasons": ("end_turn",),
        },
        content={**HELLO_INPUT, **output_messages(message(text("Let me think.", "reasoning"), text("Four.")))},
    ),
    "tools": both(
        {
            **IDENTITY,
            **usage_attributes(80, 12, 2e-05),
            "gen_ai.response.model": "mistralai/mistral-small",
            "openrouter.provider.name": "Mistral",
            "gen_ai.response.finish_reasons": ("tool_calls",),
            "openrouter.response.native_finish_reasons": ("tool_calls",),
        }
    ),
    "server_tools": both(
        {
            **IDENTITY,
            **STOP_FINISH,
            "gen_ai.usage.input_tokens": 900,
            "gen_ai.usage.output_tokens": 69,
            "gen_ai.usage.cache_read.input_tokens": 0,
            "gen_ai.usage.reasoning.output_tokens": 0,
            "gen_ai.usage.cost": 0.0160614,
            "openrouter.usage.cost": 0.0160614,
            "openrouter.usage.upstream_inference_cost": 0.0001764,
            "openrouter.usage.input_cost": 0.000135,
            "openrouter.usage.output_cost": 4.14e-05,
            "openrouter.usage.server_tool_cost": 0.015885,
            "openrouter.usage.server_tool_use.tool_calls_requested": 1,
            "openrouter.usage.server_tool_use.tool_calls_executed": 1,
        }
    ),
    "two_choices": Scenario(
        *[
            ExpectedSpan(
                {
                    **IDENTITY,
                    **usage_attributes(5, 3, 1e-06),
                    "gen_ai.request.choice.count": 2,
                    "gen_ai.response.finish_reasons": ("stop", "tool_calls"),
                    "openrouter.response.native_finish_reasons": ("stop", "tool_use"),
                }
            )
        ]
        * 2,
        request={**REQUEST, "n": 2},
        content={
            **HELLO_INPUT,
            **output_messages(message(text("Yes")), message(text("No!"), reason="tool_call")),
        },
    ),
    "long": both(HELLO),
    "error_in_stream": Scenario(
        None,
        ExpectedSpan(
            {
                **IDENTITY,
                **usage_attributes(43, 120, 0.00014, reasoning=11, cached=12),
                **BROKEN_FINISH,
                "error.type": "provider_unavailable",
                "openrouter.error.code": "502",
                "openrouter.error.provider_code": "overloaded_error",
            },
            "ERROR",
            "Upstream error",
        ),
        content={**HELLO_INPUT, **output_messages(message(text("Hello"), reason="error"))},
    ),
    "error_in_two_choices": Scenario(
        None,
        ExpectedSpan(
            {
                **IDENTITY,
                "gen_ai.request.choice.count": 2,
                "gen_ai.response.finish_reasons": ("error", "error"),
                "error.type": "provider_unavailable",
                "openrouter.error.code": "502",
            },
            "ERROR",
            "Upstream error",
        ),
        request={**REQUEST, "n": 2},
        content={
            **HELLO_INPUT,
            **output_messages(message(text("Yes"), reason="error"), message(text("No"), reason="error")),
        },
    ),
    "error_in_stream_without_usage": Scenario(
        None,
        ExpectedSpan(
            {**IDENTITY, **BROKEN_FINISH, "error.type": "server", "openrouter.error.code": "server_error"},
            "ERROR",
            "Provider disconnected",
        ),
    ),
    "error_finish": failed(
        "unmapped",
        None,
        {
            **IDENTITY,
            **{
                name: value
                for name, value in usage_attributes(43, 2, 0.0).items()
                if name != "openrouter.usage.is_byok"
            },
            "openrouter.usage.is_byok": False,
            "gen_ai.response.finish_reasons": ("error",),
            "openrouter.response.native_finish_reasons": ("error",),
        },
    ),
    "error_in_200": Scenario(
        ExpectedSpan(
            {**ID_ONLY, "error.type": "provider_unavailable", "openrouter.error.code": "502"},
            "ERROR",
            "Upstream error from Nvidia: Service temporarily overloaded",
        ),
        ExpectedSpan(
            {**IDENTITY, **BROKEN_FINISH, "error.type": "provider_unavailable", "openrouter.error.code": "502"},
            "ERROR",
            "Upstream error from Nvidia: Service temporarily overloaded",
        ),
    ),
    "error_instead_of_stream": failed("provider_unavailable", "Model is warming up", {"openrouter.error.code": "503"}),
    "choices_null": Scenario(
        ExpectedSpan({**IDENTITY, "gen_ai.response.id": "gen-1-null", "error.type": "empty_response"}, "ERROR"), None
    ),
    **{name: failed("invalid_response", None, {}) for name in NOT_AN_OBJECT},
    "event_too_deep": Scenario(None, failed("invalid_response", None, {}).streamed),
    "no_body": failed("empty_response", None, {}),
    "null_body": failed("empty_response", None, {}),
    "whitespace": failed("empty_response", None, {}),
    "empty_stream": Scenario(None, ExpectedSpan({"error.type": "empty_response"}, "ERROR")),
    "bad_request": replace(http_error(400, "invalid_request", "nope is not a valid model ID"), content=HELLO_INPUT),
    "unauthorized": http_error(401, "authentication", "No auth credentials found"),
    "no_credits": http_error(402, "payment_required", "Insufficient credits"),
    "moderated": http_error(403, "content_policy_violation", "Your input was flagged", provider="OpenAI"),
    "forbidden": http_error(403, "permission_denied", "Key limit exceeded"),
    "not_found": http_error(404, "not_found", "No endpoints found"),
    "request_timeout": http_error(408, "timeout", "Request timed out"),
    "too_large": http_error(413, "payload_too_large", "Payload too large"),
    "unprocessable": http_error(422, "invalid_request", "Unprocessable"),
    "rate_limited": http_error(429, "rate_limit_exceeded", "Provider returned error", provider="Google"),
    "internal": http_error(500, "server", "Internal Server Error"),
    "bad_gateway": http_error(502, "provider_unavailable", "Provider returned error", provider="Novita"),
    "no_provider": http_error(503, "provider_unavailable", "No available provider"),
    "gateway_timeout": http_error(504, "timeout", "Timed out"),
    "edge_timeout": http_error(524, "timeout", "Timed out at the edge"),
    "overloaded": http_error(529, "provider_overloaded", "Provider overloaded", provider_code="529"),
    "too_many_tokens": http_error(400, "context_length_exceeded", "Too long", provider="OpenAI"),
    "html_error": failed("provider_unavailable", None, {"openrouter.error.code": "502"}),
}

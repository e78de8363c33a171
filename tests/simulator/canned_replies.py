"""The replies of the simulator: one `CannedReply` for each scenario.

Their structure follows recorded responses (2025-10 to 2026-09) and https://openrouter.ai/docs/api/reference/overview,
streaming and errors-and-debugging; the content is invented.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from .canned_reply import JSON, CannedReply, Reply, usage
from .results import PNG


def _error_reply(status: int, message: str, **metadata: Any) -> CannedReply:
    error: JSON = {"message": message, "code": status}
    return CannedReply(status=status, error={**error, "metadata": metadata} if metadata else error)


_HELLO: Final = CannedReply(usage=usage(43, 120, 0.00014, reasoning=11, cached=12))
_TOOL_CALL: Final = {"index": 0, "id": "call_a", "type": "function"}
_SECOND_TOOL_CALL: Final = {"index": 1, "id": "call_b", "type": "function"}
_REASONING_TEXT: Final = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
_SERVER_TOOL_CALL: Final = {
    "type": "reasoning.server_tool_call",
    "index": 3,
    "tool_name": "openrouter:web_search",
    "tool_call_id": "st_1",
    "arguments": '{"query": "weather"}',
    "result": "sunny",
}
_CITATION: Final = {
    "type": "url_citation",
    "url_citation": {
        "url": "https://weather.example",
        "title": "Weather",
        "content": "Sunny today",
        "start_index": 0,
        "end_index": 4,
    },
}
# https://openrouter.ai/docs/guides/features/router-metadata
_ROUTING: Final[JSON] = {
    "requested": "openai/gpt-4o-mini",
    "strategy": "fallback",
    "region": "iad",
    "summary": "tried 2 providers",
    "attempt": 2,
    "is_byok": False,
    "endpoints": {
        "total": 2,
        "available": [
            {"provider": "OpenAI", "model": "openai/gpt-4o-mini", "selected": False},
            {"provider": "Azure", "model": "openai/gpt-4o-mini", "selected": True},
        ],
    },
    "attempts": [
        {"provider": "OpenAI", "model": "openai/gpt-4o-mini", "status": 429},
        {"provider": "Azure", "model": "openai/gpt-4o-mini", "status": 200},
    ],
}
# Some gateways pass the content blocks of Mistral's reasoning models unchanged: https://github.com/crmne/ruby_llm/issues/420
_THINKING: Final = {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]}
_COMPUTER_CALL: Final[JSON] = {
    "type": "computer_call",
    "id": "cu_1",
    "call_id": "call_c",
    "status": "completed",
    "action": {"type": "click", "button": "left", "x": 3, "y": 4},
    "pending_safety_checks": [],
}
_TOKENS: Final = {"prompt_tokens": 43, "completion_tokens": 120, "total_tokens": 163}
_CACHED: Final = {"cached_tokens": 12}
_TOO_DEEP: Final = b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
_DEEPSEEK: Final = "deepseek/deepseek-chat-v3.1"

CANNED_REPLIES: Final[Mapping[str, CannedReply]] = {
    "hello": _HELLO,
    "no_cost_in_stream": replace(_HELLO, has_cost_in_stream=False),
    "null_finish": replace(_HELLO, final="null finish"),
    "no_choices": replace(_HELLO, final="no choices"),
    "served_elsewhere": CannedReply(
        model=_DEEPSEEK,
        provider="DeepInfra",
        usage=usage(10, 20, 7.1e-06),
        service_tier="default",
        keep_alive=3,
        headers={"X-Provider-Name": "DeepInfra"},
    ),
    # OpenRouter's fee and the upstream provider's charge: as floats their sum would be 0.00030000000000000003.
    "byok": CannedReply(
        model="openai/gpt-4o",
        provider="Azure",
        usage=usage(
            43,
            120,
            0.0001,
            is_byok=True,
            cost_details={
                "upstream_inference_cost": 0.0002,
                "upstream_inference_prompt_cost": 0.00005,
                "upstream_inference_completions_cost": 0.00015,
            },
        ),
    ),
    "free": CannedReply(
        model="minimax/minimax-m2:free",
        provider="Minimax",
        usage=usage(
            43,
            10,
            0,
            cost_details={
                "upstream_inference_cost": None,
                "upstream_inference_prompt_cost": 0,
                "upstream_inference_completions_cost": 0,
            },
        ),
    ),
    "whole_dollars": CannedReply(usage={"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18, "cost": 2}),
    "cost_is_text": CannedReply(usage={"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18, "cost": "0.1"}),
    "oldest": CannedReply(  # 2025-10: no cost and no service tier
        provider="Google",
        finish={0: ("stop", "STOP")},
        usage={"prompt_tokens": 31, "completion_tokens": 21, "total_tokens": 52},
    ),
    "reasoning": CannedReply(
        model="anthropic/claude-sonnet-4.5",
        provider="Anthropic",
        deltas=(
            {"content": "", "reasoning": "Let me "},
            {"content": "", "reasoning": "think."},
            {"content": "Four."},
        ),
        finish={0: ("stop", "end_turn")},
        usage=usage(20, 30, 0.00051, reasoning=25),
    ),
    "tools": CannedReply(
        model="mistralai/mistral-small",
        provider="Mistral",
        deltas=(
            {"content": None, "tool_calls": [{**_TOOL_CALL, "function": {"name": "weather", "arguments": '{"city"'}}]},
            {"content": None, "tool_calls": [{**_TOOL_CALL, "function": {"arguments": ': "Paris"}'}}]},
        ),
        finish={0: ("tool_calls", "tool_calls")},
        usage=usage(80, 12, 0.00002),
    ),
    # Everything that a message can contain besides text. Signatures and encrypted data must never be recorded.
    "every_part": CannedReply(
        deltas=(
            {"content": "", "reasoning": "Search, ", "reasoning_details": [{**_REASONING_TEXT, "text": "Search, "}]},
            {
                "content": "",
                "reasoning": "then draw.",
                "reasoning_details": [{**_REASONING_TEXT, "text": "then draw."}],
            },
            {"content": "", "reasoning_details": [{**_REASONING_TEXT, "signature": "secret_signature"}]},
            {
                "content": "",
                "reasoning_details": [
                    {"type": "reasoning.encrypted", "data": "secret_encrypted", "index": 1, "format": None},
                    {"type": "reasoning.summary", "summary": "Look it up", "index": 2, "format": None},
                    _SERVER_TOOL_CALL,
                ],
            },
            {"content": "", "annotations": [_CITATION]},
            {"content": "It is "},
            {"content": "sunny.", "refusal": "No more."},
            {"content": "", "images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]},
            {"content": "", "audio": {"id": "audio_1", "data": "AAAA", "transcript": "It is "}},
            {"content": "", "audio": {"data": "AAAA", "transcript": "sunny."}},
        ),
        usage=usage(90, 40, 0.0021),
    ),
    "parallel_tools": CannedReply(
        deltas=(
            {"content": "I look.", "tool_calls": [{**_TOOL_CALL, "function": {"name": "weather", "arguments": ""}}]},
            {"tool_calls": [{**_TOOL_CALL, "function": {"arguments": '{"city": "Par'}}]},
            {"tool_calls": [{**_SECOND_TOOL_CALL, "function": {"name": "clock", "arguments": '{"zone": "CET"}'}}]},
            {"tool_calls": [{**_TOOL_CALL, "function": {"arguments": 'is", "days": [1, 2]}'}}]},
        ),
        finish={0: ("tool_calls", "tool_use")},
        usage=usage(80, 12, 0.00002),
    ),
    "content_blocks": CannedReply(
        deltas=(
            {"content": [_THINKING]},
            {"content": [{"type": "text", "text": "Two"}]},
            {"content": [{"type": "text", "text": "."}]},
        ),
        usage=usage(10, 5, 0.0001),
    ),
    # Another id with each delta, and the name in the first only: https://github.com/vllm-project/vllm/issues/23522
    "tool_id_changes": CannedReply(
        deltas=(
            {"content": None, "tool_calls": [{**_TOOL_CALL, "function": {"name": "weather", "arguments": ""}}]},
            {"content": None, "tool_calls": [{**_TOOL_CALL, "id": "call_y", "function": {"arguments": '{"city": '}}]},
            {"content": None, "tool_calls": [{**_TOOL_CALL, "id": "call_z", "function": {"arguments": '"Paris"}'}}]},
        ),
        finish={0: ("tool_calls", "tool_calls")},
        usage=usage(10, 5, 0.0001),
    ),
    "computer_call": CannedReply(deltas=(), items=(_COMPUTER_CALL,), usage=usage(10, 5, 0.0001)),
    # Usage objects after the complete one: empty (https://github.com/BerriAI/litellm/issues/1571), without a cost, or
    # with nulls. None may take away what the first one reports.
    "usage_then_less": replace(
        _HELLO,
        later_usage=({}, _TOKENS, {**_TOKENS, "cost": None, "prompt_tokens_details": None, "cost_details": {}}),
    ),
    # https://github.com/tensorzero/tensorzero/issues/6500
    "usage_in_two_chunks": CannedReply(
        usage={"prompt_tokens": 43, "completion_tokens": 60, "total_tokens": 103, "prompt_tokens_details": _CACHED},
        later_usage=({**_TOKENS, "cost": 0.00014, "is_byok": False},),
    ),
    "ends_early": replace(_HELLO, ends_after=2),
    "refusal": CannedReply(deltas=({"refusal": "I can"}, {"refusal": "not."}), usage=usage(9, 4, 1e-06)),
    # https://openrouter.ai/docs/features/response-caching: zero tokens, and its own id
    "cached": CannedReply(
        usage=usage(0, 0, 0),
        headers={
            "X-OpenRouter-Cache-Status": "HIT",
            "X-OpenRouter-Cache-Age": "42",
            "X-OpenRouter-Cache-TTL": "258",
            "X-OpenRouter-Cache-Source-Id": "gen-1762179000-Source",
        },
    ),
    "routed": CannedReply(provider="Azure", usage=usage(43, 120, 0.00014), routing=_ROUTING),
    "routed_in_vain": replace(
        _error_reply(503, "No available provider"),
        routing={**_ROUTING, "attempt": 1, "attempts": [_ROUTING["attempts"][0]], "endpoints": {"available": []}},
    ),
    "embedding": CannedReply(
        model="text-embedding-3-small"
    ),  # recorded 2026-08: the model name without its author prefix
    "empty": CannedReply(verbatim=Reply([b"{}"])),
    "server_tools": CannedReply(
        usage={  # no `is_byok`, and a total cost far above the inference cost
            "prompt_tokens": 900,
            "completion_tokens": 69,
            "total_tokens": 969,
            "cost": 0.0160614,
            "cost_details": {
                "upstream_inference_cost": 0.0001764,
                "upstream_inference_prompt_cost": 0.000135,
                "upstream_inference_completions_cost": 4.14e-05,
                "server_tool_cost": 0.015885,
            },
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
            "server_tool_use_details": {"tool_calls_requested": 1, "tool_calls_executed": 1},
        },
    ),
    "two_choices": CannedReply(
        deltas=({"index": 0, "content": "Yes"}, {"index": 1, "content": "No"}, {"index": 1, "content": "!"}),
        finish={1: ("tool_calls", "tool_use"), 0: ("stop", "stop")},
        usage=usage(5, 3, 1e-06),
    ),
    "answer_as_json": replace(_HELLO, deltas=({"content": '{"city": '}, {"content": '"Paris"}'})),
    "too_long": replace(_HELLO, finish={0: ("length", "MAX_TOKENS")}),
    "filtered": replace(_HELLO, finish={0: ("content_filter", "SAFETY")}),
    "slow": replace(_HELLO, deltas=tuple({"content": f"{n} "} for n in range(50)), pause=0.05, keep_alive=1),
    "hanging": replace(_HELLO, pause=20.0),
    "long": replace(_HELLO, deltas=tuple({"content": f"{n} "} for n in range(1200))),
    "cut": replace(_HELLO, deltas=({"content": "a"}, {"content": "b"}, {"content": "c"}), cut_after=2),
    # Recorded 2025-11: the chunk with the error also carries the usage of the failed stream.
    "error_in_stream": replace(
        _HELLO,
        error={
            "code": 502,
            "message": "Upstream error",
            "metadata": {"provider_code": "overloaded_error", "raw": "secret_raw"},
        },
    ),
    "error_in_stream_without_usage": CannedReply(error={"code": "server_error", "message": "Provider disconnected"}),
    "typed_error": replace(
        _HELLO,
        usage=usage(9, 0, 0),
        error={"code": 400, "message": "Too long", "metadata": {"error_type": "context_length_exceeded"}},
    ),
    "error_in_two_choices": CannedReply(
        deltas=({"index": 0, "content": "Yes"}, {"index": 1, "content": "No"}),
        error={"code": 502, "message": "Upstream error"},
    ),
    "error_finish": CannedReply(finish={0: ("error", "error")}, usage=usage(43, 2, 0)),
    "error_in_200": CannedReply(
        error={"message": "Upstream error from Nvidia: Service temporarily overloaded", "code": 502}
    ),
    "error_instead_of_stream": CannedReply(
        verbatim=Reply([b'{"error": {"message": "Model is warming up", "code": 503}, "user_id": "user_canary"}'])
    ),
    "choices_null": CannedReply(
        verbatim=Reply([b'{"id": "gen-1-null", "model": "openai/gpt-4o-mini", "provider": "OpenAI", "choices": null}'])
    ),
    # HTTP 200 with a body that is not the object of the endpoint.
    "html": CannedReply(verbatim=Reply([b"<!DOCTYPE html><title>secret</title>"], "text/html; charset=utf-8")),
    "no_body": CannedReply(verbatim=Reply([])),
    "null_body": CannedReply(verbatim=Reply([b"null"])),
    "list_body": CannedReply(verbatim=Reply([b'[{"secret": 1}]'])),
    "string_body": CannedReply(verbatim=Reply([b'"secret"'])),
    "number_body": CannedReply(verbatim=Reply([b"3"])),
    "not_utf8": CannedReply(verbatim=Reply([b'{"id": "\xff"}'])),
    "cut_json": CannedReply(verbatim=Reply([b'{"id": "gen-1", "choices": [{"secret'])),
    "too_deep": CannedReply(verbatim=Reply([_TOO_DEEP])),
    "event_too_deep": CannedReply(verbatim=Reply([b"data: " + _TOO_DEEP + b"\n\n"], "text/event-stream")),
    "whitespace": CannedReply(verbatim=Reply([b"\n         ", b"\n         "])),
    "empty_stream": CannedReply(verbatim=Reply([b": OPENROUTER PROCESSING\n\ndata: [DONE]\n\n"], "text/event-stream")),
    "bad_request": _error_reply(400, "nope is not a valid model ID"),
    "unauthorized": _error_reply(401, "No auth credentials found"),
    "no_credits": _error_reply(402, "Insufficient credits"),
    "moderated": _error_reply(
        403,
        "Your input was flagged",
        reasons=["violence"],
        flagged_input="secret_flagged",
        provider_name="OpenAI",
    ),
    "forbidden": _error_reply(403, "Key limit exceeded"),
    "not_found": _error_reply(404, "No endpoints found"),
    "request_timeout": _error_reply(408, "Request timed out"),
    "too_large": _error_reply(413, "Payload too large"),
    "unprocessable": _error_reply(422, "Unprocessable"),
    "rate_limited": _error_reply(429, "Provider returned error", provider_name="Google", raw="secret_raw"),
    "internal": _error_reply(500, "Internal Server Error"),
    "bad_gateway": _error_reply(502, "Provider returned error", provider_name="Novita", raw="secret_raw"),
    "no_provider": _error_reply(503, "No available provider"),
    "gateway_timeout": _error_reply(504, "Timed out"),
    "edge_timeout": _error_reply(524, "Timed out at the edge"),
    "overloaded": _error_reply(529, "Provider overloaded", error_type="provider_overloaded", provider_code="529"),
    "too_many_tokens": _error_reply(400, "Too long", error_type="context_length_exceeded", provider_name="OpenAI"),
    "html_error": CannedReply(verbatim=Reply([b"<html>secret_raw</html>"], "text/html", status=502)),
}

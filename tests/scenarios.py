"""What each scenario of the simulator must give, in whole: the same span for every way of calling.

`whole` ways and `streamed` ways differ in little: what only a stream has, and what a scenario says of each.
"""

from dataclasses import dataclass, field
from typing import Any, Final

MESSAGES: Final = [{"role": "user", "content": "Say hello."}]
REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": MESSAGES}
ASKED: Final[dict[str, Any]] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openrouter",
    "gen_ai.request.model": "openai/gpt-4o-mini",
    "server.address": "127.0.0.1",
}
IDENTITY: Final[dict[str, Any]] = {
    "gen_ai.response.id": "gen-1762179802-UN8pkJI4AGZvryk0kFnb",
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "openrouter.provider.name": "OpenAI",
}
ID_ONLY: Final = {"gen_ai.response.id": "gen-1762179802-UN8pkJI4AGZvryk0kFnb"}
STOPPED: Final[dict[str, Any]] = {
    "gen_ai.response.finish_reasons": ("stop",),
    "openrouter.response.native_finish_reasons": ("stop",),
}


def spent(prompt: int, completion: int, cost: float, *, reasoning: int = 0, cached: int = 0) -> dict[str, Any]:
    """What `simulator.exchanges.usage` gives."""
    return {
        "gen_ai.usage.input_tokens": prompt,
        "gen_ai.usage.output_tokens": completion,
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "gen_ai.usage.audio.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": reasoning,
        "gen_ai.usage.image.output_tokens": 0,
        "gen_ai.usage.audio.output_tokens": 0,
        "gen_ai.usage.cost": cost,
        "openrouter.usage.cost": cost,
        "openrouter.usage.upstream_inference_cost": cost,
        "openrouter.usage.input_cost": 4e-05,
        "openrouter.usage.output_cost": 0.0001,
        "openrouter.usage.is_byok": False,
    }


@dataclass(frozen=True)
class Expected:
    """What one kind of ways must give."""

    attributes: dict[str, Any]
    status: str = "UNSET"
    description: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One scenario: a request and what comes of it, or None where it says nothing about that kind of ways."""

    whole: Expected | None
    streamed: Expected | None
    request: dict[str, Any] = field(default_factory=lambda: REQUEST)


def both(attributes: dict[str, Any]) -> Scenario:
    return Scenario(Expected(attributes), Expected(attributes))


def failed(
    type_: str, message: str | None, attributes: dict[str, Any], *, request: dict[str, Any] = REQUEST
) -> Scenario:
    failure = Expected({**attributes, "error.type": type_}, "ERROR", message)
    return Scenario(failure, failure, request)


def refused(status: int, type_: str, message: str, **more: str) -> Scenario:
    found: dict[str, Any] = {**ID_ONLY, "openrouter.error.code": str(status)}
    for name, value in more.items():
        found[{"provider": "openrouter.provider.name", "provider_code": "openrouter.error.provider_code"}[name]] = value
    return failed(type_, message, found)


HELLO: Final = {**IDENTITY, **STOPPED, **spent(43, 120, 0.00014, reasoning=11, cached=12)}
NOT_PARSED = ("length", "MAX_TOKENS"), ("content_filter", "SAFETY")

SCENARIOS: Final[dict[str, Scenario]] = {
    "hello": both(HELLO),
    "null_finish": both(HELLO),
    "no_choices": both(HELLO),
    "answer_as_json": both(HELLO),
    "served_elsewhere": both(
        {
            **ID_ONLY,
            **STOPPED,
            **spent(10, 20, 7.1e-06),
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
            **STOPPED,
            **ID_ONLY,
            "gen_ai.response.model": "minimax/minimax-m2:free",
            "openrouter.provider.name": "Minimax",
            **{
                name: value
                for name, value in spent(43, 10, 0.0).items()
                if name != "openrouter.usage.upstream_inference_cost"
            },
            "openrouter.usage.input_cost": 0.0,
            "openrouter.usage.output_cost": 0.0,
        }
    ),
    "whole_dollars": both(
        {
            **IDENTITY,
            **STOPPED,
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.output_tokens": 9,
            "gen_ai.usage.cost": 2.0,
            "openrouter.usage.cost": 2.0,
        }
    ),
    "cost_is_text": both({**IDENTITY, **STOPPED, "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 9}),
    "oldest": both(
        {
            **IDENTITY,
            **STOPPED,
            "openrouter.provider.name": "Google",
            "openrouter.response.native_finish_reasons": ("STOP",),
            "gen_ai.usage.input_tokens": 31,
            "gen_ai.usage.output_tokens": 21,
        }
    ),
    "reasoning": both(
        {
            **ID_ONLY,
            **STOPPED,
            **spent(20, 30, 0.00051, reasoning=25),
            "gen_ai.response.model": "anthropic/claude-sonnet-4.5",
            "openrouter.provider.name": "Anthropic",
            "openrouter.response.native_finish_reasons": ("end_turn",),
        }
    ),
    "tools": both(
        {
            **IDENTITY,
            **spent(80, 12, 2e-05),
            "gen_ai.response.model": "mistralai/mistral-small",
            "openrouter.provider.name": "Mistral",
            "gen_ai.response.finish_reasons": ("tool_calls",),
            "openrouter.response.native_finish_reasons": ("tool_calls",),
        }
    ),
    "server_tools": both(
        {
            **IDENTITY,
            **STOPPED,
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
            Expected(
                {
                    **IDENTITY,
                    **spent(5, 3, 1e-06),
                    "gen_ai.request.choice.count": 2,
                    "gen_ai.response.finish_reasons": ("stop", "tool_calls"),
                    "openrouter.response.native_finish_reasons": ("stop", "tool_use"),
                }
            )
        ]
        * 2,
        request={**REQUEST, "n": 2},
    ),
    "long": both(HELLO),
    "error_in_stream": Scenario(
        None,
        Expected(
            {
                **IDENTITY,
                **spent(43, 120, 0.00014, reasoning=11, cached=12),
                "error.type": "provider_unavailable",
                "openrouter.error.code": "502",
                "openrouter.error.provider_code": "overloaded_error",
            },
            "ERROR",
            "Upstream error",
        ),
    ),
    "error_in_stream_without_usage": Scenario(
        None,
        Expected(
            {**IDENTITY, "error.type": "server", "openrouter.error.code": "server_error"},
            "ERROR",
            "Provider disconnected",
        ),
    ),
    "error_finish": failed(
        "unmapped",
        None,
        {
            **IDENTITY,
            **{name: value for name, value in spent(43, 2, 0.0).items() if name != "openrouter.usage.is_byok"},
            "openrouter.usage.is_byok": False,
            "gen_ai.response.finish_reasons": ("error",),
            "openrouter.response.native_finish_reasons": ("error",),
        },
    ),
    "error_in_200": Scenario(
        Expected(
            {**ID_ONLY, "error.type": "provider_unavailable", "openrouter.error.code": "502"},
            "ERROR",
            "Upstream error from Nvidia: Service temporarily overloaded",
        ),
        Expected(
            {**IDENTITY, "error.type": "provider_unavailable", "openrouter.error.code": "502"},
            "ERROR",
            "Upstream error from Nvidia: Service temporarily overloaded",
        ),
    ),
    "error_instead_of_stream": failed("provider_unavailable", "Model is warming up", {"openrouter.error.code": "503"}),
    "choices_null": Scenario(
        Expected({**IDENTITY, "gen_ai.response.id": "gen-1-null", "error.type": "empty_response"}, "ERROR"), None
    ),
    "whitespace": failed("empty_response", None, {}),
    "empty_stream": Scenario(None, Expected({"error.type": "empty_response"}, "ERROR")),
    "bad_request": refused(400, "invalid_request", "nope is not a valid model ID"),
    "unauthorized": refused(401, "authentication", "No auth credentials found"),
    "no_credits": refused(402, "payment_required", "Insufficient credits"),
    "moderated": refused(403, "content_policy_violation", "Your input was flagged", provider="OpenAI"),
    "forbidden": refused(403, "permission_denied", "Key limit exceeded"),
    "not_found": refused(404, "not_found", "No endpoints found"),
    "request_timeout": refused(408, "timeout", "Request timed out"),
    "too_large": refused(413, "payload_too_large", "Payload too large"),
    "unprocessable": refused(422, "invalid_request", "Unprocessable"),
    "rate_limited": refused(429, "rate_limit_exceeded", "Provider returned error", provider="Google"),
    "internal": refused(500, "server", "Internal Server Error"),
    "bad_gateway": refused(502, "provider_unavailable", "Provider returned error", provider="Novita"),
    "no_provider": refused(503, "provider_unavailable", "No available provider"),
    "gateway_timeout": refused(504, "timeout", "Timed out"),
    "edge_timeout": refused(524, "timeout", "Timed out at the edge"),
    "overloaded": refused(529, "provider_overloaded", "Provider overloaded", provider_code="529"),
    "too_many_tokens": refused(400, "context_length_exceeded", "Too long", provider="OpenAI"),
    "html_error": failed("provider_unavailable", None, {"openrouter.error.code": "502"}),
}

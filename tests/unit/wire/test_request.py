"""Request bodies and headers in, attributes out."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.request import request_attributes


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {}),
        ({"model": "openai/gpt-4o:free"}, {"gen_ai.request.model": "openai/gpt-4o:free"}),
        ({"models": ["a/b", "c/d"]}, {"openrouter.request.models": ("a/b", "c/d")}),
        ({"temperature": 0}, {"gen_ai.request.temperature": 0.0}),
        ({"temperature": "hot"}, {}),
        ({"top_p": 1, "top_k": 40}, {"gen_ai.request.top_p": 1.0, "gen_ai.request.top_k": 40}),
        ({"max_tokens": 5}, {"gen_ai.request.max_tokens": 5}),
        ({"max_completion_tokens": 6}, {"gen_ai.request.max_tokens": 6}),
        ({"max_completion_tokens": 6, "max_tokens": 5}, {"gen_ai.request.max_tokens": 6}),
        (
            {"frequency_penalty": 1, "presence_penalty": -0.5},
            {"gen_ai.request.frequency_penalty": 1.0, "gen_ai.request.presence_penalty": -0.5},
        ),
        ({"stop": "END"}, {"gen_ai.request.stop_sequences": ("END",)}),
        ({"stop": ["a", "b"]}, {"gen_ai.request.stop_sequences": ("a", "b")}),
        ({"seed": -1}, {"gen_ai.request.seed": -1}),
        ({"n": 1}, {}),
        ({"n": 3}, {"gen_ai.request.choice.count": 3}),
        ({"stream": True}, {"gen_ai.request.stream": True}),
        ({"stream": False}, {}),
        ({"reasoning_effort": "low"}, {"gen_ai.request.reasoning.level": "low"}),
        ({"reasoning": {"effort": "high", "max_tokens": 9}}, {"gen_ai.request.reasoning.level": "high"}),
        ({"reasoning": {"enabled": True}}, {}),
        ({"response_format": {"type": "json_schema"}}, {"gen_ai.output.type": "json"}),
        ({"response_format": {"type": "json_object"}}, {"gen_ai.output.type": "json"}),
        ({"response_format": {"type": "text"}}, {"gen_ai.output.type": "text"}),
        ({"response_format": {"type": ["odd"]}}, {}),
        ({"modalities": ["text", "image"]}, {"gen_ai.output.type": "image"}),
        ({"modalities": ["text", "audio"]}, {"gen_ai.output.type": "speech"}),
        ({"modalities": ["text"]}, {}),
        ({"modalities": None}, {}),
        (
            {
                "provider": {
                    "order": ["azure", "openai"],
                    "only": ["azure"],
                    "ignore": ["novita"],
                    "quantizations": ["fp8"],
                    "sort": "price",
                    "data_collection": "deny",
                    "allow_fallbacks": False,
                    "require_parameters": True,
                    "zdr": True,
                    "max_price": {"prompt": "1"},
                }
            },
            {
                "openrouter.request.provider.order": ("azure", "openai"),
                "openrouter.request.provider.only": ("azure",),
                "openrouter.request.provider.ignore": ("novita",),
                "openrouter.request.provider.quantizations": ("fp8",),
                "openrouter.request.provider.sort": "price",
                "openrouter.request.provider.data_collection": "deny",
                "openrouter.request.provider.allow_fallbacks": False,
                "openrouter.request.provider.require_parameters": True,
                "openrouter.request.provider.zdr": True,
            },
        ),
        (
            {"provider": {"sort": {"by": "latency", "partition": "none"}}},
            {"openrouter.request.provider.sort": "latency"},
        ),
        ({"provider": "azure"}, {}),
        ({"plugins": [{"id": "web", "max_results": 1}, {"id": 2}]}, {"openrouter.request.plugins": ("web",)}),
        ({"plugins": "web"}, {}),
        ({"transforms": ["middle-out"]}, {"openrouter.request.transforms": ("middle-out",)}),
        (
            {"route": "fallback", "preset": "@preset/x", "service_tier": "flex"},
            {
                "openrouter.request.route": "fallback",
                "openrouter.request.preset": "@preset/x",
                "openrouter.request.service_tier": "flex",
            },
        ),
        ({"metadata": {"feature": "search", "n": 1}}, {"openrouter.request.metadata.feature": "search"}),
        (
            {"metadata": {str(number): "v" for number in range(20)}},
            {f"openrouter.request.metadata.{number}": "v" for number in range(16)},
        ),
        ({"user": "u"}, {"user.id": "u"}),
        ({"session_id": "s"}, {"session.id": "s", "gen_ai.conversation.id": "s"}),
        ({"session_id": 7}, {}),
        ({"messages": [{"role": "user", "content": "secret"}], "tools": [], "prompt": "secret"}, {}),
    ],
)
def test_body(body: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each field gives its attribute in the exact type; an absent or malformed field gives none."""
    attributes = request_attributes(body)
    assert {name: (value, type(value)) for name, value in attributes.items()} == {
        name: (value, type(value)) for name, value in expected.items()
    }


def test_headers() -> None:
    """Header names are case-insensitive, later mappings win, and the session of the body wins over the header."""
    attributes = request_attributes(
        {"session_id": "body"},
        {"HTTP-Referer": "https://a", "X-Title": "old"},
        {
            "http-referer": "https://b",
            "X-OpenRouter-Title": "new",
            "X-Session-Id": "header",
            "Authorization": "Bearer k",
        },
        None,
        "no mapping",
    )
    assert attributes == {
        "openrouter.app.url": "https://b",
        "openrouter.app.title": "new",
        "session.id": "body",
        "gen_ai.conversation.id": "body",
    }

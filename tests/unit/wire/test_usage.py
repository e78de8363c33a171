"""Usage objects in, attributes out: edge cases. tests/scenarios has the complete usage objects."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.usage import usage_attributes

COST = "gen_ai.usage.cost"
CHARGED = "openrouter.usage.cost"
UPSTREAM = "openrouter.usage.upstream_inference_cost"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, {}),
        ("free", {}),
        ({"cost": 0}, {COST: 0.0, CHARGED: 0.0}),
        ({"cost": 3}, {COST: 3.0, CHARGED: 3.0}),
        ({"cost": "0.1"}, {}),
        ({"cost": True}, {}),
        ({"cost": -1}, {}),
        ({"cost": None}, {}),
        (
            {"cost": 0.5, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.5}},
            {COST: 0.5, CHARGED: 0.5, UPSTREAM: 0.5, "openrouter.usage.is_byok": False},
        ),
        (
            {"cost": 0.5, "cost_details": {"upstream_inference_cost": 0.25}},
            {COST: 0.5, CHARGED: 0.5, UPSTREAM: 0.25},
        ),
        (
            {"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 19}},
            {COST: 19.0, CHARGED: 0.0, UPSTREAM: 19.0, "openrouter.usage.is_byok": True},
        ),
        (
            {"cost": 0.95, "is_byok": True, "cost_details": {"upstream_inference_cost": 19}},
            {COST: 19.95, CHARGED: 0.95, UPSTREAM: 19.0, "openrouter.usage.is_byok": True},
        ),
        (
            {"cost": 0.1, "is_byok": True, "cost_details": {"upstream_inference_cost": None}},
            {COST: 0.1, CHARGED: 0.1, "openrouter.usage.is_byok": True},
        ),
        (
            {"is_byok": True, "cost_details": {"upstream_inference_cost": 1}},
            {UPSTREAM: 1.0, "openrouter.usage.is_byok": True},
        ),
        (
            {"is_byok": "true", "cost": 1, "cost_details": {"upstream_inference_cost": 1}},
            {COST: 1.0, CHARGED: 1.0, UPSTREAM: 1.0},
        ),
        (
            {"prompt_tokens_details": {"text_tokens": 1, "image_tokens": 2, "audio_tokens": 3, "file_tokens": 4}},
            {
                "gen_ai.usage.text.input_tokens": 1,
                "gen_ai.usage.image.input_tokens": 2,
                "gen_ai.usage.audio.input_tokens": 3,
            },
        ),
        ({"completion_tokens_details": {"text_tokens": 5}}, {"gen_ai.usage.text.output_tokens": 5}),
        (
            {"prompt_tokens_details": {"video_tokens": 6}, "completion_tokens_details": {"video_tokens": 7}},
            {"openrouter.usage.video.input_tokens": 6, "openrouter.usage.video.output_tokens": 7},
        ),
        ({"prompt_tokens_details": None, "completion_tokens": 1.5}, {}),
        (
            {"server_tool_use_details": {"web_search_requests": 1, "odd": "x"}},
            {"openrouter.usage.server_tool_use.web_search_requests": 1},
        ),
    ],
)
def test_usage(usage: object, expected: dict[str, Any]) -> None:
    """Numbers keep full precision, absent fields give no attribute, zero is a value and a string is not a number."""
    attributes = usage_attributes(usage)
    assert {name: (value, type(value)) for name, value in attributes.items()} == {
        name: (value, type(value)) for name, value in expected.items()
    }

"""The generation id and the record of `GET /generation` that the tests of interrupted streams use."""

from typing import Any, Final

ID: Final = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
RECORD: Final[dict[str, Any]] = {
    "id": ID,
    "model": "openai/gpt-4o-mini-2024-07-18",
    "provider_name": "OpenAI",
    "streamed": True,
    "cancelled": True,
    "is_byok": False,
    "usage": 0.00014,
    "total_cost": 0.00014,
    "upstream_inference_cost": 0,
    "tokens_prompt": 33,
    "tokens_completion": 110,
    "native_tokens_prompt": 43,
    "native_tokens_completion": 120,
    "native_tokens_cached": 7,
    "native_tokens_reasoning": 5,
    "native_tokens_completion_images": None,
    "finish_reason": "stop",
    "native_finish_reason": "end_turn",
    "service_tier": None,
}

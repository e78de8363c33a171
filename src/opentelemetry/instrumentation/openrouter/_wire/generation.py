"""OpenRouter's record of a generation, `GET /generation`: usage, upstream provider and finish reason of a cut stream.

Pure. The record has other field names than a response, and some of its figures have another meaning.
Rows: https://openrouter.ai/docs/api/api-reference/generations/get-generation, `openrouter` 1.3.84,
components/generationresponse.py; their meaning was probed in 2026-08.
"""

from collections.abc import Mapping
from typing import Any

from .. import attributes as names
from .fields import amount, count, mapping, printable
from .response import ResponseRecord


def has_usage(generation: Mapping[str, Any]) -> bool:
    """Return whether the `data` of `GET /generation` has a cost or a token count; without both it settles nothing."""
    tokens = generation.get("native_tokens_prompt"), generation.get("native_tokens_completion")
    return _cost(generation) is not None or any(count(each) is not None for each in tokens)


def fold_generation(record: ResponseRecord, generation: Mapping[str, Any]) -> None:
    """Fold the `data` of `GET /generation`; values from the stream itself stay.

    Args:
        record: a response without usage, or without its cost.
        generation: the data, for which `has_usage` is true.
    """
    # A message's stream has its tokens, but not its cost.
    record.usage = {**_usage(generation), **mapping(record.usage)}
    record.attributes[names.OPENROUTER_SETTLED] = True
    # This `model` is a dated slug, not the name that responses have.
    record.model = record.model or printable(generation.get("model"))
    record.provider = record.provider or printable(generation.get("provider_name"))
    record.service_tier = record.service_tier or printable(generation.get("service_tier"))
    for reasons, value in (
        (record.finish_reasons, generation.get("finish_reason")),
        (record.native_finish_reasons, generation.get("native_finish_reason")),
    ):
        reason = printable(value)
        if reason is not None and not reasons:
            reasons[0] = reason


def _usage(generation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures as a `usage` object."""
    return {
        # `tokens_prompt` and `tokens_completion` come from another tokenizer; the native ones are billed.
        "prompt_tokens": generation.get("native_tokens_prompt"),
        "completion_tokens": generation.get("native_tokens_completion"),
        "prompt_tokens_details": {"cached_tokens": generation.get("native_tokens_cached")},
        "completion_tokens_details": {
            "reasoning_tokens": generation.get("native_tokens_reasoning"),
            "image_tokens": generation.get("native_tokens_completion_images"),
        },
        "cost": _cost(generation),
        "is_byok": generation.get("is_byok"),
        # Null or zero if OpenRouter paid the provider, else the provider's bill for the caller's own key.
        "cost_details": {"upstream_inference_cost": generation.get("upstream_inference_cost") or None},
    }


def _cost(generation: Mapping[str, Any]) -> float | None:
    cost = amount(generation.get("usage"))
    return amount(generation.get("total_cost")) if cost is None else cost

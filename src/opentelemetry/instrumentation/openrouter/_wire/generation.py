"""What OpenRouter's own record of a generation tells of a call whose stream did not: its usage, provider, finish.

Pure. The record is no answer: it has names of its own, and some of its figures mean something else.
Rows: https://openrouter.ai/docs/api/api-reference/generations/get-generation, `openrouter` 1.3.84,
components/generationresponse.py; what they mean was probed in 2026-08.
"""

from collections.abc import Mapping
from typing import Any

from .. import attributes as names
from .fields import printable
from .response import Answer


def fold_generation(answer: Answer, record: Mapping[str, Any]) -> None:
    """Fold the `data` of `GET /generation`; what the stream itself told stays.

    Args:
        answer: one that has no usage.
        record: the record.
    """
    answer.usage = _usage(record)
    answer.facts[names.OPENROUTER_SETTLED] = True
    # The record's `model` is a dated slug, not the name that answers carry.
    answer.model = answer.model or printable(record.get("model"))
    answer.provider = answer.provider or printable(record.get("provider_name"))
    answer.service_tier = answer.service_tier or printable(record.get("service_tier"))
    for reasons, told in (
        (answer.finish_reasons, record.get("finish_reason")),
        (answer.native_finish_reasons, record.get("native_finish_reason")),
    ):
        reason = printable(told)
        if reason is not None and not reasons:
            reasons[0] = reason


def _usage(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record in the words of an answer's `usage`."""
    cost = record.get("usage")
    return {
        # `tokens_prompt` and `tokens_completion` are counted by another tokenizer; the native ones are what is billed.
        "prompt_tokens": record.get("native_tokens_prompt"),
        "completion_tokens": record.get("native_tokens_completion"),
        "prompt_tokens_details": {"cached_tokens": record.get("native_tokens_cached")},
        "completion_tokens_details": {
            "reasoning_tokens": record.get("native_tokens_reasoning"),
            "image_tokens": record.get("native_tokens_completion_images"),
        },
        "cost": record.get("total_cost") if cost is None else cost,
        "is_byok": record.get("is_byok"),
        # Null or zero where OpenRouter paid the provider; what the provider bills with the caller's own key.
        "cost_details": {"upstream_inference_cost": record.get("upstream_inference_cost") or None},
    }

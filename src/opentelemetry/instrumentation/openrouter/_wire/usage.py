"""Tokens and cost: field of a `usage` object -> attribute, one row each.

Nothing is estimated and nothing is converted. The one sum is the cost of a call with the caller's own provider key
(BYOK): OpenRouter bills only its fee there, and the upstream provider bills the rest.
Rows: https://openrouter.ai/docs/use-cases/usage-accounting and exchanges recorded from 2025-10 to 2026-09.
"""

from decimal import Decimal
from typing import Final

from .. import attributes as names
from .fields import Attributes, Table, amount, count, flag, mapping, prefixed, read


def usage_attributes(usage: object, earlier: Attributes | None = None) -> Attributes:
    """Return the attributes of one `usage` object; pure. Absent figures stay absent; zero is a value.

    Args:
        usage: the object.
        earlier: the figures of the `usage` objects before it, which its own figures replace.
    """
    attributes: Attributes = {} if earlier is None else {**earlier}
    read_usage(usage, attributes)
    if names.GEN_AI_USAGE_INPUT_TOKENS not in attributes and names.GEN_AI_USAGE_OUTPUT_TOKENS not in attributes:
        # A rerank response has a total only. It generates nothing, so all tokens are input.
        read({"input_tokens": mapping(usage).get("total_tokens")}, _USAGE, attributes)
    total = _total_cost(attributes)
    if total is not None:
        attributes[names.GEN_AI_USAGE_COST] = total
    return attributes


def read_usage(usage: object, into: Attributes) -> None:
    """Add the figures of a `usage` object, without the total cost."""
    read(usage, _USAGE, into)


def has_figures(usage: object) -> bool:
    """Whether a `usage` object has any value: some upstream providers send an empty one with each chunk."""
    return any(value is not None for value in mapping(usage).values())


def _total_cost(attributes: Attributes) -> float | None:
    """Return the cost of the call to its owner in USD; None if OpenRouter sent none.

    With `is_byok`, `cost` is OpenRouter's fee alone and the upstream provider bills `upstream_inference_cost`. Without
    it, `cost` includes `upstream_inference_cost` (since 2026; null before): adding it would count it twice.
    """
    cost = attributes.get(names.OPENROUTER_USAGE_COST)
    if not isinstance(cost, float):
        return None
    upstream = attributes.get(names.OPENROUTER_USAGE_UPSTREAM_INFERENCE_COST)
    if attributes.get(names.OPENROUTER_USAGE_IS_BYOK) is True and isinstance(upstream, float):
        # In decimal: a sum of binary fractions would not be exact to the last digit.
        return float(Decimal(repr(cost)) + Decimal(repr(upstream)))
    return cost


def _server_tools(details: object) -> Attributes:
    return prefixed(details, names.OPENROUTER_USAGE_SERVER_TOOL_USE, count)


_INPUT: Final[Table] = {
    "cached_tokens": (names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, count),
    "cache_write_tokens": (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, count),
    "text_tokens": (names.GEN_AI_USAGE_TEXT_INPUT_TOKENS, count),
    "image_tokens": (names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, count),
    "audio_tokens": (names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, count),
    "video_tokens": (names.OPENROUTER_USAGE_VIDEO_INPUT_TOKENS, count),
}

_OUTPUT: Final[Table] = {
    "reasoning_tokens": (names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, count),
    "text_tokens": (names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, count),
    "image_tokens": (names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, count),
    "audio_tokens": (names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, count),
    "video_tokens": (names.OPENROUTER_USAGE_VIDEO_OUTPUT_TOKENS, count),
}

_USAGE: Final[Table] = {
    "prompt_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, count),  # cached ones included, even for Anthropic models
    "completion_tokens": (names.GEN_AI_USAGE_OUTPUT_TOKENS, count),
    # Responses, transcription, and the OpenAI SDK's images: https://openrouter.ai/docs/api/api-reference/responses
    "input_tokens": (names.GEN_AI_USAGE_INPUT_TOKENS, count),
    "output_tokens": (names.GEN_AI_USAGE_OUTPUT_TOKENS, count),
    "prompt_tokens_details": _INPUT,
    "input_tokens_details": _INPUT,
    "completion_tokens_details": _OUTPUT,
    "output_tokens_details": _OUTPUT,
    "cost": (names.OPENROUTER_USAGE_COST, amount),  # USD; credits are USD one to one
    "is_byok": (names.OPENROUTER_USAGE_IS_BYOK, flag),  # https://openrouter.ai/docs/use-cases/byok
    "cost_details": {
        "upstream_inference_cost": (names.OPENROUTER_USAGE_UPSTREAM_INFERENCE_COST, amount),
        "upstream_inference_prompt_cost": (names.OPENROUTER_USAGE_INPUT_COST, amount),
        "upstream_inference_completions_cost": (names.OPENROUTER_USAGE_OUTPUT_COST, amount),
        "upstream_inference_input_cost": (names.OPENROUTER_USAGE_INPUT_COST, amount),  # Responses (recorded 2025-11)
        "upstream_inference_output_cost": (names.OPENROUTER_USAGE_OUTPUT_COST, amount),
        "server_tool_cost": (names.OPENROUTER_USAGE_SERVER_TOOL_COST, amount),
    },
    "server_tool_use_details": _server_tools,
    "server_tool_use": _server_tools,  # images
    "search_units": (names.OPENROUTER_USAGE_SEARCH_UNITS, count),  # rerank
    "seconds": (names.OPENROUTER_USAGE_SECONDS, amount),  # transcription
}

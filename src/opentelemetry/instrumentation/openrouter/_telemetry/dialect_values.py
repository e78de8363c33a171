"""Values that dialects derive from a finished span: cost split, token totals, kind, messages.

Only standard attributes are read, and nothing is invented: without them the value is None. `dialects` maps backends to
these functions.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from .. import attributes as names
from .._wire.fields import Attributes, mapping, parse_json, sequence, text


@dataclass(frozen=True, slots=True)
class SpanSnapshot:
    """A span when its call ends."""

    attributes: Mapping[str, Any]
    start_ns: int
    """The start of the call, in nanoseconds since the epoch."""


# Cost.


def _cost_parts(span: SpanSnapshot) -> dict[str, float]:
    """Return the cost of input and output if they add up to the cost of the call; else nothing."""
    total: float | None = span.attributes.get(names.GEN_AI_USAGE_COST)
    input_part: float | None = span.attributes.get(names.OPENROUTER_USAGE_INPUT_COST)
    output_part: float | None = span.attributes.get(names.OPENROUTER_USAGE_OUTPUT_COST)
    if total is None or input_part is None or output_part is None:
        return {}
    if Decimal(repr(input_part)) + Decimal(repr(output_part)) != Decimal(repr(total)):
        return {}
    return {"input": input_part, "output": output_part}


def input_cost(span: SpanSnapshot) -> float | None:
    """The cost of the input in USD, if input and output add up to the cost of the call."""
    return _cost_parts(span).get("input")


def output_cost(span: SpanSnapshot) -> float | None:
    """The cost of the output in USD, under the same condition."""
    return _cost_parts(span).get("output")


def costs_as_json(total: str, part: str) -> Callable[[SpanSnapshot], str | None]:
    """Return a function for the costs as one JSON object.

    Args:
        total: the key of the total.
        part: the pattern of the keys of its parts, with `{}` for `input` and `output`.
    """

    def costs(span: SpanSnapshot) -> str | None:
        cost = span.attributes.get(names.GEN_AI_USAGE_COST)
        parts = {part.format(name): value for name, value in _cost_parts(span).items()}
        return None if cost is None else json.dumps({**parts, total: cost})

    return costs


# Tokens.


def _tokens(span: SpanSnapshot, name: str) -> int:
    return span.attributes.get(name) or 0


def _present(span: SpanSnapshot, names_by_key: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes that are present, under other names."""
    return {key: span.attributes[name] for key, name in names_by_key.items() if name in span.attributes}


def total_tokens(span: SpanSnapshot) -> int | None:
    """The sum of input and output tokens."""
    if names.GEN_AI_USAGE_INPUT_TOKENS not in span.attributes:
        return None
    return _tokens(span, names.GEN_AI_USAGE_INPUT_TOKENS) + _tokens(span, names.GEN_AI_USAGE_OUTPUT_TOKENS)


def disjoint_usage(span: SpanSnapshot) -> str | None:
    """Usage details for Langfuse, which adds them up: no token may be counted twice."""
    total = total_tokens(span)
    if total is None:
        return None
    read = _tokens(span, names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS)
    written = _tokens(span, names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS)
    reasoning = _tokens(span, names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS)
    usage = {
        "input": max(_tokens(span, names.GEN_AI_USAGE_INPUT_TOKENS) - read - written, 0),
        "input_cached_tokens": read,
        "input_cache_creation": written,
        "output": max(_tokens(span, names.GEN_AI_USAGE_OUTPUT_TOKENS) - reasoning, 0),
        "output_reasoning_tokens": reasoning,
    }
    return json.dumps({**{name: count for name, count in usage.items() if count}, "total": total})


def token_usage(span: SpanSnapshot) -> str | None:
    """Token usage for MLflow, which reads this in place of all token attributes."""
    total = total_tokens(span)
    if total is None:
        return None
    usage = {
        "input_tokens": _tokens(span, names.GEN_AI_USAGE_INPUT_TOKENS),
        "output_tokens": _tokens(span, names.GEN_AI_USAGE_OUTPUT_TOKENS),
        "total_tokens": total,
    }
    cached = {
        "cache_read_input_tokens": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        "cache_creation_input_tokens": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    }
    return json.dumps({**usage, **_present(span, cached)})


def openrouter_metadata(span: SpanSnapshot) -> str | None:
    """Metadata for Datadog, which has no field for these."""
    found = _present(
        span,
        {
            "cost": names.GEN_AI_USAGE_COST,
            "provider": names.OPENROUTER_PROVIDER_NAME,
            "time_to_first_token": names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN,
        },
    )
    return json.dumps({"openrouter": found}) if found else None


def usage_metadata(span: SpanSnapshot) -> str | None:
    """Usage for LangSmith, which reads this in place of all token attributes."""
    total = total_tokens(span)
    if total is None:
        return None
    usage: dict[str, Any] = {
        "input_tokens": _tokens(span, names.GEN_AI_USAGE_INPUT_TOKENS),
        "output_tokens": _tokens(span, names.GEN_AI_USAGE_OUTPUT_TOKENS),
        "total_tokens": total,
        "input_token_details": _present(
            span,
            {
                "cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                "cache_creation": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
            },
        ),
        "output_token_details": _present(span, {"reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS}),
    }
    cost = span.attributes.get(names.GEN_AI_USAGE_COST)
    parts = {f"{name}_cost": value for name, value in _cost_parts(span).items()}
    return json.dumps(usage if cost is None else {**usage, **parts, "total_cost": cost})


# Kind, model, first token, messages.


def span_kind(kinds: Mapping[str, str], default: str) -> Callable[[SpanSnapshot], str]:
    """Return a function for the kind of a span by its operation."""
    return lambda span: kinds.get(span.attributes.get(names.GEN_AI_OPERATION_NAME, ""), default)


def model(span: SpanSnapshot) -> str | None:
    """The response model, or the request model if there is none."""
    return span.attributes.get(names.GEN_AI_RESPONSE_MODEL) or span.attributes.get(names.GEN_AI_REQUEST_MODEL)


def first_token_time(span: SpanSnapshot) -> str | None:
    """The time of the first token as JSON: older Langfuse parses it, newer accepts it with and without quotes."""
    seconds = span.attributes.get(names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN)
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(span.start_ns / 1e9 + seconds, timezone.utc)
    return json.dumps(moment.isoformat(timespec="milliseconds"))


def mime_type_if(name: str) -> Callable[[SpanSnapshot], str | None]:
    """Return a function for the MIME type of another attribute, if that is present."""
    return lambda span: "application/json" if name in span.attributes else None


def _load_messages(value: object) -> list[Mapping[str, Any]]:
    """Parse the messages of an attribute; empty if it was truncated or is encoded differently."""
    try:
        return [mapping(message) for message in sequence(parse_json(text(value) or "[]"))]
    except ValueError:
        return []


def indexed_messages(name: str) -> Callable[[SpanSnapshot], Attributes]:
    """Return a function for messages as one attribute a field: https://arize-ai.github.io/openinference/spec/."""

    def indexed(span: SpanSnapshot) -> Attributes:
        attributes: Attributes = {}
        for index, message in enumerate(_load_messages(span.attributes.get(name))):
            prefix, parts = f"{index}.message", [mapping(part) for part in sequence(message.get("parts"))]
            if role := text(message.get("role")):
                attributes[f"{prefix}.role"] = role
            texts = [content for part in parts if part.get("type") == "text" and (content := text(part.get("content")))]
            if texts:
                attributes[f"{prefix}.content"] = "\n".join(texts)
            for number, call in enumerate(part for part in parts if part.get("type") == "tool_call"):
                arguments = call.get("arguments")
                fields = {
                    "id": text(call.get("id")),
                    "function.name": text(call.get("name")),
                    "function.arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                }
                attributes.update(
                    {f"{prefix}.tool_calls.{number}.tool_call.{key}": value for key, value in fields.items() if value}
                )
        return attributes

    return indexed

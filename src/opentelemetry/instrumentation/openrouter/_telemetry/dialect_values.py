"""A span as it stands when its call ends, and what backends want to know of it: its cost, tokens, kind, messages.

Read off the standard attributes alone; nothing is made up: what the span does not tell is None. Which backend wants
which is said in `_dialects`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from .. import attributes as names
from .._wire.fields import Attributes, items, members, text


@dataclass(frozen=True, slots=True)
class Told:
    """A span as it stands when its call ends."""

    attributes: Mapping[str, Any]
    began: int
    """Nanoseconds since the epoch."""


# Money.


def _parts(told: Told) -> dict[str, float]:
    """What the input and the output cost, where both together are all that the call cost; else nothing."""
    total: float | None = told.attributes.get(names.GEN_AI_USAGE_COST)
    asked: float | None = told.attributes.get(names.OPENROUTER_USAGE_INPUT_COST)
    answered: float | None = told.attributes.get(names.OPENROUTER_USAGE_OUTPUT_COST)
    if total is None or asked is None or answered is None:
        return {}
    if Decimal(repr(asked)) + Decimal(repr(answered)) != Decimal(repr(total)):
        return {}
    return {"input": asked, "output": answered}


def input_cost(told: Told) -> float | None:
    """What the input cost, in USD, where that and the output are all that was paid for."""
    return _parts(told).get("input")


def output_cost(told: Told) -> float | None:
    """The same for the output."""
    return _parts(told).get("output")


def costs_as_json(total: str, part: str) -> Callable[[Told], str | None]:
    """All that is known of the cost as one JSON object; *part* is the pattern of the names of its parts."""

    def costs(told: Told) -> str | None:
        cost = told.attributes.get(names.GEN_AI_USAGE_COST)
        parts = {part.format(name): value for name, value in _parts(told).items()}
        return None if cost is None else json.dumps({**parts, total: cost})

    return costs


# Tokens.


def _tokens(told: Told, name: str) -> int:
    return told.attributes.get(name) or 0


def _known(told: Told, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Those attributes that are told, by other names."""
    return {word: told.attributes[name] for word, name in wanted.items() if name in told.attributes}


def all_tokens(told: Told) -> int | None:
    """Input and output together."""
    if names.GEN_AI_USAGE_INPUT_TOKENS not in told.attributes:
        return None
    return _tokens(told, names.GEN_AI_USAGE_INPUT_TOKENS) + _tokens(told, names.GEN_AI_USAGE_OUTPUT_TOKENS)


def disjoint_usage(told: Told) -> str | None:
    """Langfuse adds up what it is given, so no token may be in two places."""
    total = all_tokens(told)
    if total is None:
        return None
    read = _tokens(told, names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS)
    written = _tokens(told, names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS)
    reasoned = _tokens(told, names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS)
    usage = {
        "input": max(_tokens(told, names.GEN_AI_USAGE_INPUT_TOKENS) - read - written, 0),
        "input_cached_tokens": read,
        "input_cache_creation": written,
        "output": max(_tokens(told, names.GEN_AI_USAGE_OUTPUT_TOKENS) - reasoned, 0),
        "output_reasoning_tokens": reasoned,
    }
    return json.dumps({**{name: count for name, count in usage.items() if count}, "total": total})


def token_usage(told: Told) -> str | None:
    """MLflow takes this in place of all token attributes, so all that it knows are in it."""
    total = all_tokens(told)
    if total is None:
        return None
    usage = {
        "input_tokens": _tokens(told, names.GEN_AI_USAGE_INPUT_TOKENS),
        "output_tokens": _tokens(told, names.GEN_AI_USAGE_OUTPUT_TOKENS),
        "total_tokens": total,
    }
    cached = {
        "cache_read_input_tokens": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        "cache_creation_input_tokens": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    }
    return json.dumps({**usage, **_known(told, cached)})


def metadata_of_openrouter(told: Told) -> str | None:
    """What Datadog has no field for, as the metadata of its span."""
    found = _known(
        told,
        {
            "cost": names.GEN_AI_USAGE_COST,
            "provider": names.OPENROUTER_PROVIDER_NAME,
            "time_to_first_token": names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN,
        },
    )
    return json.dumps({"openrouter": found}) if found else None


def usage_metadata(told: Told) -> str | None:
    """LangSmith takes this in place of all token attributes, so all of them are in it."""
    total = all_tokens(told)
    if total is None:
        return None
    usage: dict[str, Any] = {
        "input_tokens": _tokens(told, names.GEN_AI_USAGE_INPUT_TOKENS),
        "output_tokens": _tokens(told, names.GEN_AI_USAGE_OUTPUT_TOKENS),
        "total_tokens": total,
        "input_token_details": _known(
            told,
            {
                "cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
                "cache_creation": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
            },
        ),
        "output_token_details": _known(told, {"reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS}),
    }
    cost = told.attributes.get(names.GEN_AI_USAGE_COST)
    parts = {f"{name}_cost": value for name, value in _parts(told).items()}
    return json.dumps(usage if cost is None else {**usage, **parts, "total_cost": cost})


# What it is, when it began to speak, what was said.


def kind(kinds: Mapping[str, str], otherwise: str) -> Callable[[Told], str]:
    """The kind of a span by its operation."""
    return lambda told: kinds.get(told.attributes.get(names.GEN_AI_OPERATION_NAME, ""), otherwise)


def model(told: Told) -> str | None:
    """The model that answered, or that was asked where none did."""
    return told.attributes.get(names.GEN_AI_RESPONSE_MODEL) or told.attributes.get(names.GEN_AI_REQUEST_MODEL)


def first_output(told: Told) -> str | None:
    """When the first output came, as JSON: older Langfuse parses it, newer takes it with and without quotes."""
    seconds = told.attributes.get(names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN)
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(told.began / 1e9 + seconds, timezone.utc)
    return json.dumps(moment.isoformat(timespec="milliseconds"))


def json_where(name: str) -> Callable[[Told], str | None]:
    """The MIME type of what is in another attribute."""
    return lambda told: "application/json" if name in told.attributes else None


def _messages(value: object) -> list[Mapping[str, Any]]:
    """Those of an attribute; none where the telemetry SDK's limit has cut it, or a neighbour tells them otherwise."""
    try:
        return [members(message) for message in items(json.loads(text(value) or "[]"))]
    except ValueError:
        return []


def spread_messages(name: str) -> Callable[[Told], Attributes]:
    """OpenInference has a list as many attributes: https://arize-ai.github.io/openinference/spec/."""

    def spread(told: Told) -> Attributes:
        found: Attributes = {}
        for index, message in enumerate(_messages(told.attributes.get(name))):
            prefix, parts = f"{index}.message", [members(part) for part in items(message.get("parts"))]
            if role := text(message.get("role")):
                found[f"{prefix}.role"] = role
            said = [content for part in parts if part.get("type") == "text" and (content := text(part.get("content")))]
            if said:
                found[f"{prefix}.content"] = "\n".join(said)
            for number, call in enumerate(part for part in parts if part.get("type") == "tool_call"):
                arguments = call.get("arguments")
                about = {
                    "id": text(call.get("id")),
                    "function.name": text(call.get("name")),
                    "function.arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
                }
                found.update(
                    {f"{prefix}.tool_calls.{number}.tool_call.{key}": value for key, value in about.items() if value}
                )
        return found

    return spread

"""Messages and tools as one attribute per field, `llm.input_messages.3.message.role`, as OpenInference has them.

A long conversation has more fields than a span can have attributes, so the number of attributes is bounded.
Names: https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
Use: openinference-instrumentation-openai 0.1.66, _request_attributes_extractor.py and _response_attributes_extractor.py
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from .. import attributes as names
from .._wire.fields import Attributes, mapping, parse_json, sequence, text
from .dialect_values import SpanSnapshot, is_embedding

INDEXED_PREFIXES: Final = ("llm.input_messages.", "llm.output_messages.", "llm.tools.", "embedding.embeddings.")

_Group: TypeAlias = "tuple[str, list[tuple[int, Mapping[str, Any]]], Callable[[Mapping[str, Any]], Attributes]]"
"""A prefix, its items with their index, the most important first, and the function for the fields of an item."""


def indexed_messages(span: SpanSnapshot, room: int | None) -> Attributes:
    """Return the attributes of all messages and tools, or of those that fit.

    The output comes first, then the last messages of the input, then the tools. A message is complete or absent. Each
    keeps its position as its index, because backends sort by it and accept gaps (Phoenix 20.26.1, trace/attributes.py,
    unflatten).

    Args:
        span: the span.
        room: the maximum number of attributes; None for all.
    """
    if is_embedding(span):
        return {}
    system = [{"role": "system", "parts": parts}] if (parts := _load(span, names.GEN_AI_SYSTEM_INSTRUCTIONS)) else []
    inputs = list(enumerate([*system, *_load(span, names.GEN_AI_INPUT_MESSAGES)]))
    return _bounded(
        (
            ("llm.output_messages", list(enumerate(_load(span, names.GEN_AI_OUTPUT_MESSAGES))), _message),
            ("llm.input_messages", inputs[::-1], _message),
            ("llm.tools", list(enumerate(_load(span, names.GEN_AI_TOOL_DEFINITIONS))), _tool),
        ),
        room,
    )


def indexed_texts(span: SpanSnapshot, room: int | None) -> Attributes:
    """Return the attributes of the texts of an embedding request, or of the first ones that fit."""
    if not is_embedding(span):
        return {}
    texts = list(enumerate(_load(span, names.GEN_AI_INPUT_MESSAGES)))
    return _bounded((("embedding.embeddings", texts, _embedded_text),), room)


def _bounded(groups: Sequence[_Group], room: int | None) -> Attributes:
    attributes: Attributes = {}
    room = None if room is None else room - len(groups)  # each may add the number of items that are left out
    for prefix, items, fields_of in groups:
        found, omitted = _fitting(prefix, items, fields_of, room)
        attributes.update(found)
        room = None if room is None else room - len(found)
        if omitted:
            attributes[f"{names.OPENROUTER_OMITTED}.{prefix.partition('.')[2]}"] = omitted
    return attributes


def _fitting(
    prefix: str,
    items: Iterable[tuple[int, Mapping[str, Any]]],
    fields_of: Callable[[Mapping[str, Any]], Attributes],
    room: int | None,
) -> tuple[Attributes, int]:
    """Return the attributes of the first items that fit, and the number of the others."""
    attributes: Attributes = {}
    omitted = 0
    for index, item in items:
        fields = {f"{prefix}.{index}.{key}": value for key, value in fields_of(item).items()}
        if omitted or (room is not None and len(attributes) + len(fields) > room):
            omitted += 1
        else:
            attributes.update(fields)
    return attributes, omitted


def _load(span: SpanSnapshot, name: str) -> list[Mapping[str, Any]]:
    """Parse a list of objects; empty if the attribute was truncated or is encoded differently."""
    try:
        return [mapping(item) for item in sequence(parse_json(text(span.attributes.get(name)) or "[]"))]
    except ValueError:
        return []


def _message(message: Mapping[str, Any]) -> Attributes:
    parts = [mapping(part) for part in sequence(message.get("parts"))]
    results = [part for part in parts if part.get("type") == "tool_call_response"]
    fields = {
        "role": text(message.get("role")),
        "name": text(message.get("name")),
        # https://github.com/Arize-ai/openinference/blob/main/spec/tool_calling.md
        "tool_call_id": text(results[0].get("id")) if results else None,
    }
    attributes: Attributes = {f"message.{key}": value for key, value in fields.items() if value}
    attributes.update(_result(results) if results else _content(parts))
    for number, call in enumerate(part for part in parts if part.get("type") == "tool_call"):
        fields = {
            "id": text(call.get("id")),
            "function.name": text(call.get("name")),
            "function.arguments": _as_text(call["arguments"]) if "arguments" in call else None,
        }
        prefix = f"message.tool_calls.{number}.tool_call"
        attributes.update({f"{prefix}.{key}": value for key, value in fields.items() if value})
    return attributes


def _result(results: Iterable[Mapping[str, Any]]) -> Attributes:
    """Return the result of a tool. A list of parts is JSON, as the instrumentor of OpenInference records it."""
    return {"message.content": "\n".join(_as_text(result.get("response")) for result in results)}


def _content(parts: Iterable[Mapping[str, Any]]) -> Attributes:
    """Return one text as the content of a message, and several parts, or media, as its contents."""
    contents = [fields for part in parts if (fields := _content_fields(part))]
    if len(contents) == 1 and "text" in contents[0]:
        return {"message.content": contents[0]["text"]}
    return {
        f"message.contents.{number}.message_content.{key}": value
        for number, fields in enumerate(contents)
        for key, value in fields.items()
    }


def _content_fields(part: Mapping[str, Any]) -> dict[str, str]:
    kind, content, uri = part.get("type"), text(part.get("content")), text(part.get("uri"))
    if kind == "text" and content:
        return {"type": "text", "text": content}
    media = text(part.get("modality"))
    if kind not in ("uri", "blob") or media not in _MEDIA:
        return {}
    return {"type": media, f"{media}.{media}.url": uri} if uri else {"type": media}


def _embedded_text(message: Mapping[str, Any]) -> Attributes:
    """Return the text of one input. Tokens have none, and media are not text."""
    texts = [
        fields.get("text", "") for part in sequence(message.get("parts")) if (fields := _content_fields(mapping(part)))
    ]
    return {"embedding.text": joined} if (joined := "\n".join(filter(None, texts))) else {}


def _tool(definition: Mapping[str, Any]) -> Attributes:
    """Return a tool in the form of the chat request, as it is in OpenInference."""
    fields = dict(definition)
    kind = text(fields.pop("type", None))
    wire: Mapping[str, Any] = {"type": kind, kind: fields} if kind in ("function", "custom") else definition
    return {"tool.json_schema": _as_text(wire)}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_MEDIA: Final = ("image", "audio", "video", "document")

"""A model that behaves: it calls each tool that it is offered once, fills the schema that it is given, then speaks.

What frameworks need of the other side, so that their loops come to an end. Each answer has an id and a cost of its own.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from .canned_reply import JSON, CannedReply, usage

_SPEECH: Final = "It is sunny in Paris."
_SIMPLEST: Final[Mapping[str, Any]] = {"integer": 21, "number": 21.5, "boolean": True, "null": None}
_PROVIDERS: Final = ("OpenAI", "Azure", "DeepInfra")


def answer(asked: JSON, number: int) -> CannedReply:
    """What the model answers to a request of chat or of the Responses API.

    Args:
        asked: the request's body.
        number: the how-manieth answer it is; its id, its provider and its cost come of it.
    """
    text, calls = "", list(_calls(asked, number))
    if not calls:
        schema = _schema(asked)
        text = _SPEECH if schema is None else json.dumps(_instance(schema, schema))
    cost = Decimal("0.00012345") + number * Decimal("0.00000101")
    return CannedReply(
        id=f"gen-1762179802-agent{number:04}",
        model=str(asked.get("model", "openai/gpt-4o-mini")),
        # The Responses API does not tell it.
        provider=_PROVIDERS[number % len(_PROVIDERS)] if "messages" in asked else None,
        deltas=({"content": None, "tool_calls": calls},) if calls else _pieces(text),
        finish={0: ("tool_calls", "tool_calls") if calls else ("stop", "stop")},
        usage=usage(100 + number, 20, float(cost)),
    )


def _calls(asked: JSON, number: int) -> Iterator[JSON]:
    tools: list[JSON] = [
        tool.get("function", tool) for tool in _items(asked, "tools") if tool.get("type") == "function"
    ]
    choice: Any = asked.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        chosen = cast("JSON", choice)
        wanted = chosen.get("function", chosen).get("name")
        tools = [tool for tool in tools if tool["name"] == wanted]
    else:
        called = set(_called(asked))
        tools = [tool for tool in tools if tool["name"] not in called and choice != "none"]
    for tool in tools[:1]:
        parameters: JSON = tool.get("parameters") or {}
        arguments = json.dumps(_instance(parameters, parameters) or {})
        function: JSON = {"name": tool["name"], "arguments": arguments}
        yield {"index": 0, "id": f"call_{number}", "type": "function", "function": function}


def _called(asked: JSON) -> Iterator[str]:
    """The tools that were called since the user last spoke."""
    names: list[str] = []
    for item in [*_items(asked, "messages"), *_items(asked, "input")]:
        if item.get("role") == "user":
            names.clear()
        elif item.get("type") == "function_call":
            names.append(item["name"])
        names += [call["function"]["name"] for call in _items(item, "tool_calls")]
    yield from names


def _items(node: JSON, member: str) -> list[JSON]:
    value: Any = node.get(member)
    return cast("list[JSON]", value) if isinstance(value, list) else []


def _schema(asked: JSON) -> JSON | None:
    chat = _member(asked, "response_format")
    responses = _member(_member(asked, "text"), "format")
    if "json_object" in (chat.get("type"), responses.get("type")):
        return {"type": "object", "properties": {"city": {"type": "string"}}}
    return (_member(chat, "json_schema") or responses).get("schema")


def _member(node: JSON, member: str) -> JSON:
    return cast("JSON", node.get(member) or {})


def _instance(schema: JSON, root: JSON) -> Any:
    """The simplest value that fits a JSON schema."""
    if "$ref" in schema:
        return _instance(functools.reduce(_member, schema["$ref"].removeprefix("#/").split("/"), root), root)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return _instance(next(one for one in _items(schema, word) if one.get("type") != "null"), root)
    if schema.get("enum") or "const" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind: Any = schema.get("type")
    if kind == "object" or "properties" in schema:
        return {name: _instance(value, root) for name, value in _member(schema, "properties").items()}
    if kind == "array":
        return [_instance(_member(schema, "items"), root)]
    kinds = cast("list[str]", kind) if isinstance(kind, list) else [str(kind)]
    return _SIMPLEST.get(kinds[0], "Paris")


def _pieces(text: str) -> tuple[JSON, ...]:
    middle = len(text) // 2
    return ({"content": text[:middle]}, {"content": text[middle:]})


def billed(exchange: CannedReply) -> JSON:
    """One line of the bill."""
    return {
        "id": exchange.id,
        "model": exchange.model,
        "provider": exchange.provider,
        "cost": (exchange.usage or {}).get("cost"),
    }

"""A model that behaves: it calls each tool that it is offered once, fills the schema that it is given, then speaks.

What frameworks need of the other side, so that their loops come to an end. Each answer has an id and a cost of its own.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, cast

from .exchange import JSON, Exchange, usage

_SPEECH: Final = "It is sunny in Paris."
_PROVIDERS: Final = ("OpenAI", "Azure", "DeepInfra")


def answer(asked: JSON, number: int) -> Exchange:
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
    return Exchange(
        id=f"gen-1762179802-agent{number:04}",
        model=str(asked.get("model", "openai/gpt-4o-mini")),
        provider=_PROVIDERS[number % len(_PROVIDERS)],
        deltas=({"content": None, "tool_calls": calls},) if calls else _pieces(text),
        finish={0: ("tool_calls", "tool_calls") if calls else ("stop", "stop")},
        usage=usage(100 + number, 20, float(cost)),
    )


def _calls(asked: JSON, number: int) -> Iterator[JSON]:
    offered = [tool.get("function", tool) for tool in asked.get("tools") or [] if tool.get("type") == "function"]
    choice = asked.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        chosen = cast("JSON", choice)
        wanted = chosen.get("function", chosen).get("name")
        offered = [tool for tool in offered if tool["name"] == wanted]
    else:
        done = set(_called(asked))
        offered = [tool for tool in offered if tool["name"] not in done and choice != "none"]
    for tool in offered[:1]:
        parameters = tool.get("parameters") or {}
        arguments = json.dumps(_instance(parameters, parameters) or {})
        function = {"name": tool["name"], "arguments": arguments}
        yield {"index": 0, "id": f"call_{number}", "type": "function", "function": function}


def _called(asked: JSON) -> Iterator[str]:
    """The tools that were called since the user last spoke."""
    names: list[str] = []
    for message in asked.get("messages") or []:
        if message.get("role") == "user":
            names.clear()
        names += [call["function"]["name"] for call in message.get("tool_calls") or []]
    if isinstance(asked.get("input"), list):
        for item in asked["input"]:
            if item.get("role") == "user":
                names.clear()
            elif item.get("type") == "function_call":
                names.append(item["name"])
    yield from names


def _schema(asked: JSON) -> JSON | None:
    chat = asked.get("response_format") or {}
    responses = (asked.get("text") or {}).get("format") or {}
    if "json_object" in (chat.get("type"), responses.get("type")):
        return {"type": "object", "properties": {"city": {"type": "string"}}}
    return (chat.get("json_schema") or {}).get("schema") or responses.get("schema")


def _instance(schema: JSON, root: JSON) -> Any:
    """The simplest value that fits a JSON schema."""
    if "$ref" in schema:
        found: Any = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return _instance(found, root)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return _instance(next(one for one in schema[word] if one.get("type") != "null"), root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = cast("list[str]", kind)[0]
    if kind == "object" or "properties" in schema:
        return {name: _instance(value, root) for name, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [_instance(schema.get("items") or {}, root)]
    return {"integer": 21, "number": 21.5, "boolean": True, "null": None}.get(str(kind), "Paris")


def _pieces(text: str) -> tuple[JSON, ...]:
    middle = len(text) // 2
    return ({"content": text[:middle]}, {"content": text[middle:]})


def billed(exchange: Exchange) -> JSON:
    """One line of the bill."""
    usage = exchange.usage or {}
    return {"id": exchange.id, "model": exchange.model, "provider": exchange.provider, "cost": usage["cost"]}


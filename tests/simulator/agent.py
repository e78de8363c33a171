"""A deterministic model: it calls each offered tool once, fills the requested schema, then replies with text.

The agent loops of frameworks end with it. Each reply has its own id and its own cost. Requests for the model `REFUSED`
are refused, and cost nothing.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from .canned_reply import JSON, CannedReply, usage
from .results import EMBEDDING_COST

REFUSED: Final = "google/gemini-flash"
_TEXT: Final = "It is sunny in Paris."
_SIMPLEST_VALUES: Final[Mapping[str, Any]] = {"integer": 21, "number": 21.5, "boolean": True, "null": None}
_PROVIDERS: Final = ("OpenAI", "Azure", "DeepInfra")


def agent_reply(path: str, request: JSON, number: int) -> CannedReply:
    """Return the model's reply to a request.

    Args:
        path: the endpoint.
        request: the request body.
        number: the index of the reply; determines its id, its upstream provider and its cost.
    """
    text, calls = "", list(_tool_calls(request, number))
    if not calls:
        schema = _schema(request)
        text = _TEXT if schema is None else json.dumps(_instance(schema, schema))
    cost = Decimal("0.00012345") + number * Decimal("0.00000101")
    return CannedReply(
        id=f"gen-1762179802-agent{number:04}",
        model=str(request.get("model", "openai/gpt-4o-mini")),
        # The Responses API does not report the upstream provider.
        provider=None if path == "responses" else _PROVIDERS[number % len(_PROVIDERS)],
        deltas=({"content": None, "tool_calls": calls},) if calls else _pieces(text),
        finish={0: ("tool_calls", "tool_calls") if calls else ("stop", "stop")},
        usage=usage(100 + number, 20, float(cost)),
    )


def _tool_calls(request: JSON, number: int) -> Iterator[JSON]:
    tools = [tool.get("function", tool) for tool in _items(request, "tools") if _is_function(tool)]
    choice: Any = request.get("tool_choice") or "auto"
    chosen = cast("JSON", choice) if isinstance(choice, dict) else {"type": choice}
    wanted_name = chosen.get("function", chosen).get("name")
    if wanted_name is not None:
        tools = [tool for tool in tools if tool["name"] == wanted_name]
    else:
        called = set(_called_tools(request))
        tools = [tool for tool in tools if tool["name"] not in called and chosen["type"] != "none"]
    for tool in tools[:1]:
        parameters = _member(tool, "parameters") or _member(tool, "input_schema")
        arguments = json.dumps(_instance(parameters, parameters) or {})
        function: JSON = {"name": tool["name"], "arguments": arguments}
        yield {"index": 0, "id": f"call_{number}", "type": "function", "function": function}


def _is_function(tool: JSON) -> bool:
    """Whether the caller runs the tool; the Anthropic wire has a schema and not always a type."""
    return tool.get("type") == "function" or "input_schema" in tool


def _called_tools(request: JSON) -> Iterator[str]:
    """Yield the names of the tools called since the last user message."""
    names: list[str] = []
    for item in [*_items(request, "messages"), *_items(request, "input")]:
        blocks = _items(item, "content")
        # The results of tools have the role of the user in the Anthropic wire.
        if item.get("role") == "user" and not any(block.get("type") == "tool_result" for block in blocks):
            names.clear()
        elif item.get("type") == "function_call":
            names.append(item["name"])
        names += [call["function"]["name"] for call in _items(item, "tool_calls")]
        names += [block["name"] for block in blocks if block.get("type") == "tool_use"]
    yield from names


def _items(node: JSON, member: str) -> list[JSON]:
    value: Any = node.get(member)
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def _schema(request: JSON) -> JSON | None:
    chat = _member(request, "response_format")
    responses = _member(_member(request, "text"), "format")
    if "json_object" in (chat.get("type"), responses.get("type")):
        return {"type": "object", "properties": {"city": {"type": "string"}}}
    messages = _member(_member(request, "output_config"), "format") or _member(request, "output_format")
    return (_member(chat, "json_schema") or responses or messages).get("schema")


def _member(node: JSON, member: str) -> JSON:
    return cast("JSON", node.get(member) or {})


def _instance(schema: JSON, root: JSON) -> Any:
    """Return the simplest value that matches a JSON schema."""
    if "$ref" in schema:
        return _instance(functools.reduce(_member, schema["$ref"].removeprefix("#/").split("/"), root), root)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return _instance(next(option for option in _items(schema, keyword) if option.get("type") != "null"), root)
    if schema.get("enum") or "const" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    kind: Any = schema.get("type")
    if kind == "object" or "properties" in schema:
        return {name: _instance(value, root) for name, value in _member(schema, "properties").items()}
    if kind == "array":
        return [_instance(_member(schema, "items"), root)]
    kinds = cast("list[str]", kind) if isinstance(kind, list) else [str(kind)]
    return _SIMPLEST_VALUES.get(kinds[0], "Paris")


def _pieces(text: str) -> tuple[JSON, ...]:
    middle = len(text) // 2
    return ({"content": text[:middle]}, {"content": text[middle:]})


def bill_line(path: str, canned: CannedReply) -> JSON:
    """Return the line of the bill for one reply."""
    return {
        "id": canned.id,
        "model": canned.model,
        "provider": canned.provider,
        "cost": EMBEDDING_COST if path == "embeddings" else (canned.usage or {}).get("cost"),
    }

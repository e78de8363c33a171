"""The content of Responses API requests and responses, as messages of the GenAI schema; both consist of items.

A response is one message: the assistant's reasoning, calls and texts, in order. So is each run of assistant items, or
of tool results, in a request.
Wire: https://openrouter.ai/docs/api/api-reference/responses/create-responses
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from .._wire.fields import mapping, sequence, text
from .._wire.responses_api import CALLERS_CALLS, finish_reason
from .chat import FINISH_REASONS, Content, Message, request_content, tool_definitions
from .parts import (
    Part,
    TextFilter,
    base64_part,
    content_parts,
    media_part,
    server_tool_parts,
    tool_call_part,
    tool_result_part,
)


def responses_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
    """The content of a request: `instructions` as system instructions, `input` as messages."""
    items = body.get("input")
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    return request_content(
        _item_messages(sequence(items), filter_text),
        system=content_parts(body.get("instructions"), filter_text),
        tools=tool_definitions(body, filter_text),
    )


def responses_output(body: object, filter_text: TextFilter) -> list[Message]:
    """The content of a response: one message of the assistant."""
    response = mapping(body)
    output = sequence(response.get("output"))
    if not output:
        return []
    message: Message = {"role": "assistant", "parts": [part for item in output for part in _item(item, filter_text)[1]]}
    reason = finish_reason(response)
    return [message if reason is None else {**message, "finish_reason": FINISH_REASONS.get(reason, reason)}]


def _item_messages(wire: object, filter_text: TextFilter) -> list[Message]:
    messages: list[Message] = []
    for item in sequence(wire):
        role, parts = _item(item, filter_text)
        if not parts:
            continue
        if messages and role == messages[-1]["role"] and role in ("assistant", "tool"):
            messages[-1]["parts"] += parts
        else:
            messages.append({"role": role, "parts": parts})
    return messages


def _item(item: object, filter_text: TextFilter) -> tuple[str, list[Part]]:
    """Return the role and the parts of one item."""
    fields = mapping(item)
    kind, role = text(fields.get("type")), text(fields.get("role"))
    if role is not None:
        return role, content_parts(fields.get("content"), filter_text)
    read = _ITEMS.get(kind or "")
    if read is not None:
        return read(fields, filter_text)
    if kind is None:
        return "user", []
    if kind.endswith("_output"):  # the result of one of the caller's tools: a function, a shell, a computer
        return "tool", [tool_result_part(fields.get("call_id"), fields.get("output"), filter_text)]
    if kind == "item_reference":
        return "assistant", [{"type": kind, "id": text(fields.get("id")) or ""}]
    return "assistant", _server_tool_parts(fields, kind, filter_text)


def _function_call(item: Mapping[str, Any], filter_text: TextFilter) -> tuple[str, list[Part]]:
    call_id = item.get("call_id") or item.get("id")
    arguments = next((item[name] for name in _ARGUMENTS if item.get(name) is not None), None)
    name = item.get("name") or str(item.get("type")).removesuffix("_call")
    return "assistant", [tool_call_part(call_id, name, arguments, filter_text)]


def _reasoning(item: Mapping[str, Any], filter_text: TextFilter) -> tuple[str, list[Part]]:
    pieces = [*sequence(item.get("summary")), *sequence(item.get("content"))]
    return "assistant", content_parts(pieces, filter_text)


def _server_tool_parts(item: Mapping[str, Any], kind: str, filter_text: TextFilter) -> list[Part]:
    """Return the parts of a server tool's item: each type has its own fields; images become image parts."""
    images = base64_part(item.get("result"), "image", "image/png") if "image_generation" in kind else []
    for key in _IMAGE_URLS:
        images += media_part(item.get(key), "image", filter_text)
    result = None if images else next((item[key] for key in _RESULTS if item.get(key)), None)
    call = {key: value for key, value in item.items() if key not in _NOT_CALL_FIELDS}
    return server_tool_parts(item.get("id"), kind, call, result, filter_text) + images


_ITEMS: Final[Mapping[str, Callable[[Mapping[str, Any], TextFilter], tuple[str, list[Part]]]]] = {
    **dict.fromkeys(CALLERS_CALLS - {"mcp_approval_request"}, _function_call),
    "reasoning": _reasoning,
}
# Fields with the arguments of a call: of functions and custom tools, computers and local shells, patches.
_ARGUMENTS: Final = ("arguments", "input", "action", "actions", "operation")
# Fields of server tools' items (`openrouter:web_search`, `web_search_call`, …) with the result of the call.
_RESULTS: Final = ("result", "output", "outputs", "results", "advice", "error")
_IMAGE_URLS: Final = ("imageUrl", "image_url")
_NOT_CALL_FIELDS: Final = ("id", "type", *_RESULTS, *_IMAGE_URLS)

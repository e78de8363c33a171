"""Responses API items as messages of the GenAI schema: what a request puts in and what an answer puts out are alike.

Only content lives here. An answer is one message: what the assistant thought, called and said, in order; so is each
run of an assistant's items, or of tool results, in a request.
Wire: https://openrouter.ai/docs/api/api-reference/responses/create-responses
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from .._wire.fields import items, members, text
from .chat import FINISH_REASONS, Content, Message, content_of, tool_definitions
from .parts import (
    Keep,
    Part,
    base64_part,
    media_part,
    parts_of,
    server_tool_parts,
    tool_call_part,
    tool_result_part,
)


def items_input(body: Mapping[str, object], keep: Keep) -> Content:
    """What a Responses request says: `instructions` apart, `input` as messages."""
    asked = body.get("input")
    if isinstance(asked, str):
        asked = [{"role": "user", "content": asked}]
    return content_of(
        _messages(items(asked), keep),
        system=parts_of(body.get("instructions"), keep),
        tools=tool_definitions(body, keep),
    )


def items_output(body: object, keep: Keep) -> list[Message]:
    """What a response says: one message of the assistant."""
    response = members(body)
    output = items(response.get("output"))
    if not output:
        return []
    message: Message = {"role": "assistant", "parts": [part for item in output for part in _item(item, keep)[1]]}
    reason = finish_reason(response)
    return [message if reason is None else {**message, "finish_reason": FINISH_REASONS.get(reason, reason)}]


def finish_reason(response: Mapping[str, Any]) -> str | None:
    """The word of chat for how a response ended; the Responses API has none, only a status.

    https://platform.openai.com/docs/api-reference/responses/object#responses/object-status
    """
    status = text(response.get("status"))
    if status == "incomplete":
        reason = text(members(response.get("incomplete_details")).get("reason"))
        return _INCOMPLETE.get(reason, reason) if reason else "length"
    if status == "completed":
        called = any(members(item).get("type") in _CALLS for item in items(response.get("output")))
        return "tool_calls" if called else "stop"
    return "error" if status == "failed" else None


def _messages(wire: object, keep: Keep) -> list[Message]:
    messages: list[Message] = []
    for item in items(wire):
        role, parts = _item(item, keep)
        if not parts:
            continue
        if messages and role == messages[-1]["role"] and role in ("assistant", "tool"):
            messages[-1]["parts"] += parts
        else:
            messages.append({"role": role, "parts": parts})
    return messages


def _item(item: object, keep: Keep) -> tuple[str, list[Part]]:
    """The role and the parts of one item."""
    found = members(item)
    kind, role = text(found.get("type")), text(found.get("role"))
    if role is not None:
        return role, parts_of(found.get("content"), keep)
    read = _ITEMS.get(kind or "")
    if read is not None:
        return read(found, keep)
    if kind is None:
        return "user", []
    if kind.endswith("_output"):  # what one of the caller's tools returned: a function, a shell, a computer
        return "tool", [tool_result_part(found.get("call_id"), found.get("output"), keep)]
    if kind == "item_reference":
        return "assistant", [{"type": kind, "id": text(found.get("id")) or ""}]
    return "assistant", _served(found, kind, keep)


def _function(item: Mapping[str, Any], keep: Keep) -> tuple[str, list[Part]]:
    call_id = item.get("call_id") or item.get("id")
    return "assistant", [tool_call_part(call_id, item.get("name"), item.get("arguments", item.get("input")), keep)]


def _reasoning(item: Mapping[str, Any], keep: Keep) -> tuple[str, list[Part]]:
    return "assistant", parts_of(items(item.get("summary")), keep) + parts_of(items(item.get("content")), keep)


def _served(item: Mapping[str, Any], kind: str, keep: Keep) -> list[Part]:
    """A server tool's item: each has fields of its own, and its images are told as images."""
    images = base64_part(item.get("result"), "image", "image/png") if "image_generation" in kind else []
    for key in _IMAGE_URLS:
        images += media_part(item.get(key), "image", keep)
    result = None if images else next((item[key] for key in _RESULTS if item.get(key)), None)
    call = {key: value for key, value in item.items() if key not in _NO_CALL}
    return server_tool_parts(item.get("id"), kind, call, result, keep) + images


_INCOMPLETE: Final = {"max_output_tokens": "length"}
_CALLS: Final = ("function_call", "custom_tool_call")
_ITEMS: Final[Mapping[str, Callable[[Mapping[str, Any], Keep], tuple[str, list[Part]]]]] = {
    "function_call": _function,
    "custom_tool_call": _function,
    "reasoning": _reasoning,
}
# Members of server tools' items (`openrouter:web_search`, `web_search_call`, …) that tell what came of the call.
_RESULTS: Final = ("result", "output", "outputs", "results", "advice", "error")
_IMAGE_URLS: Final = ("imageUrl", "image_url")
_NO_CALL: Final = ("id", "type", *_RESULTS, *_IMAGE_URLS)

"""Chat and text completions as messages of the GenAI schema: what was said, what was answered, which tools there were.

Only content lives here, and only what a caller captures is ever read by it; one piece of a message is `_parts`' matter.
Schema: https://github.com/open-telemetry/semantic-conventions-genai, model/gen-ai/gen-ai-{input,output}-messages.json
Wire: https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from .. import attributes as names
from .._wire.fields import integer, items, layers, members, text
from .parts import (
    Keep,
    Part,
    annotation_part,
    base64_size,
    blob_part,
    media_part,
    parts_of,
    portable_members,
    server_tool_parts,
    text_part,
    tool_call_part,
    tool_result_part,
)

Message: TypeAlias = dict[str, Any]
Content: TypeAlias = dict[str, list[Any]]
"""Attribute name -> its messages, parts or definitions; nothing is empty."""


def chat_input(body: Mapping[str, object], keep: Keep) -> Content:
    """What a chat request says. System messages stay among the others, where they were sent."""
    messages = [message for wire in items(body.get("messages")) if (message := _message(members(wire), keep))]
    return content_of(messages, tools=tool_definitions(body, keep))


def text_input(member: str) -> Callable[[Mapping[str, object], Keep], Content]:
    """Make the reader of a request that says it all in one *member*: one text, several, tokens, or objects of parts."""

    def read_input(body: Mapping[str, object], keep: Keep) -> Content:
        return content_of(_texts_as_messages(body.get(member), keep))

    return read_input


def choices_output(body: object, keep: Keep) -> list[Message]:
    """What an answer made of choices says: one message a choice, in order."""
    choices = [members(choice) for choice in items(layers(body)[0].get("choices"))]
    if len(choices) > 1:
        choices.sort(key=lambda choice: integer(choice.get("index")) or 0)
    return [_choice(choice, keep) for choice in choices]


def content_of(asked: list[Message], *, system: list[Part] | None = None, tools: list[Part] | None = None) -> Content:
    """The attributes of a request's content."""
    found = (
        (names.GEN_AI_SYSTEM_INSTRUCTIONS, system),
        (names.GEN_AI_INPUT_MESSAGES, asked),
        (names.GEN_AI_TOOL_DEFINITIONS, tools),
    )
    return {name: value for name, value in found if value}


def said_by(role: str, parts: list[Part]) -> list[Message]:
    """One message; none where nothing was said."""
    return [{"role": role, "parts": parts}] if parts else []


def _texts_as_messages(value: object, keep: Keep) -> list[Message]:
    """An input that has no roles: a text, tokens, an object with `content`, or a list of such."""
    if isinstance(value, str):
        return said_by("user", text_part(value, keep))
    found = items(value)
    if found and all(integer(item) is not None for item in found):  # told by their number: tokens are no text
        return said_by("user", [{"type": "tokens", "count": len(found)}])
    if found:
        return [message for item in found for message in _texts_as_messages(item, keep)]
    return said_by("user", parts_of(members(value).get("content"), keep))


def tool_definitions(body: Mapping[str, object], keep: Keep) -> list[Part]:
    """The tools of a request; `function` holds a chat tool, a Responses tool is flat, server tools have a type alone.

    Only what the caller's own tools say is told: what other tools hold may be a URL with a key, or headers.
    """
    tools = [members(tool) for tool in items(body.get("tools"))]
    tools += [{"type": "function", "function": function} for function in items(body.get("functions"))]
    return [definition for tool in tools for definition in _definition(tool, keep)]


def _merged(details: Iterable[object]) -> list[Mapping[str, Any]]:
    """The `reasoning_details` of a message; in a stream each comes in pieces of one type and index."""
    merged: dict[object, dict[str, Any]] = {}
    for detail in details:
        found = members(detail)
        kind = found.get("type")
        known = merged.setdefault((text(kind), integer(found.get("index"))), {"type": kind})
        for key, value in found.items():
            if key in _JOINED and isinstance(value, str):
                known[key] = known.get(key, "") + value
            elif value is not None and key in _NAMING:
                known[key] = value
    return list(merged.values())


def _message(wire: Mapping[str, Any], keep: Keep) -> Message | None:
    role = text(wire.get("role"))
    if role is None:
        return None
    if role in ("tool", "function"):
        parts = [tool_result_part(wire.get("tool_call_id"), wire.get("content"), keep)]
    else:
        parts = _said(wire, keep)
    if not parts:
        return None
    message: Message = {"role": role, "parts": parts}
    name = text(wire["name"]) if "name" in wire else None
    return message if name is None else {**message, "name": name}


def _choice(choice: Mapping[str, Any], keep: Keep) -> Message:
    message = members(choice.get("message"))
    parts = _said(message, keep) if message else text_part(choice.get("text"), keep)
    found: Message = {"role": text(message.get("role")) or "assistant", "parts": parts}
    reason = text(choice.get("finish_reason"))
    return found if reason is None else {**found, "finish_reason": FINISH_REASONS.get(reason, reason)}


def _said(message: Mapping[str, Any], keep: Keep) -> list[Part]:
    """All parts of a message in chat, whoever said it, in the order in which a model makes them."""
    if _BESIDES.isdisjoint(message) or not any(map(message.get, _BESIDES)):  # nearly always, and there may be hundreds
        return parts_of(message.get("content"), keep)
    parts = _reasoned(message, keep) + parts_of(message.get("content"), keep)
    parts += text_part(message.get("refusal"), keep, "refusal")
    for annotation in items(message.get("annotations")):
        parts += annotation_part(annotation, keep)
    for image in items(message.get("images")):
        parts += media_part(members(members(image).get("image_url")).get("url"), "image", keep)
    parts += _heard(members(message.get("audio")), keep)
    for call in items(message.get("tool_calls")):
        parts += _called(members(call), keep)
    function = members(message.get("function_call"))
    return [*parts, tool_call_part(None, function.get("name"), function.get("arguments"), keep)] if function else parts


def _reasoned(message: Mapping[str, Any], keep: Keep) -> list[Part]:
    # https://openrouter.ai/docs/use-cases/reasoning-tokens: `reasoning` says the same as the details, but not all
    # providers send those.
    parts: list[Part] = []
    for detail in _merged(items(message.get("reasoning_details"))):
        if detail["type"] == "reasoning.server_tool_call":
            kind, call = text(detail.get("tool_name")) or "", {"arguments": detail.get("arguments")}
            parts += server_tool_parts(detail.get("tool_call_id"), kind, call, detail.get("result"), keep)
        else:
            parts += text_part(detail.get("text") or detail.get("summary"), keep, "reasoning")
    reasoned = any(part["type"] == "reasoning" for part in parts)
    return parts if reasoned else parts + text_part(message.get("reasoning"), keep, "reasoning")


def _heard(audio: Mapping[str, Any], keep: Keep) -> list[Part]:
    # An answer holds the data, a later request only names it: https://openrouter.ai/docs/features/multimodal/audio
    data, transcript = audio.get("data"), keep(audio.get("transcript"))
    size = base64_size(data) if isinstance(data, str) else integer(audio.get("byte_size"))
    if size or transcript:
        return [blob_part(size or 0, "audio", transcript=transcript)]
    audio_id = text(audio.get("id"))
    return [{"type": "file", "modality": "audio", "file_id": audio_id}] if audio_id else []


def _called(call: Mapping[str, Any], keep: Keep) -> list[Part]:
    function, custom = members(call.get("function")), members(call.get("custom"))
    if function or custom:
        name, arguments = (function or custom).get("name"), function.get("arguments", custom.get("input"))
        return [tool_call_part(call.get("id"), name, arguments, keep)]
    # A server tool (`openrouter:…`) has no `function`.
    kind = text(call.get("type"))
    fields = {key: value for key, value in call.items() if key not in ("id", "type", "index")}
    return server_tool_parts(call.get("id"), kind, fields, None, keep) if kind else []


def _definition(tool: Mapping[str, Any], keep: Keep) -> list[Part]:
    kind = text(tool.get("type"))
    told = members(tool.get("function") or tool.get("custom")) or (tool if kind in ("function", "custom") else {})
    name = text(told.get("name")) or text(tool.get("name")) or text(tool.get("server_label")) or kind
    if kind is None or name is None:
        return []
    definition: Part = {"type": kind, "name": name}
    description, parameters = keep(told.get("description")), told.get("parameters")
    if description is not None:
        definition["description"] = description
    if parameters:
        definition["parameters"] = portable_members(parameters, keep)
    return [definition]


FINISH_REASONS: Final = {"tool_calls": "tool_call", "function_call": "tool_call"}
"""Wire -> the schema's word, where they differ."""
_BESIDES: Final = frozenset(
    ("reasoning_details", "reasoning", "refusal", "annotations", "images", "audio", "tool_calls", "function_call")
)
"""What a message may hold beside its content."""
_JOINED: Final = ("text", "summary", "arguments", "result")
_NAMING: Final = ("tool_name", "tool_call_id")

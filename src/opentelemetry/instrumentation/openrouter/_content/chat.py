"""The content of chat and text completions, as messages and tool definitions of the GenAI schema.

This runs only where content is captured; `parts` converts the pieces of a message.
Schema: https://github.com/open-telemetry/semantic-conventions-genai, model/gen-ai/gen-ai-{input,output}-messages.json
Wire: https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from .. import attributes as names
from .._wire.fields import base64_size, declared_and_extra, integer, mapping, sequence, text
from .parts import (
    Part,
    TextFilter,
    annotation_part,
    blob_part,
    content_parts,
    json_safe_mapping,
    media_part,
    server_tool_parts,
    text_part,
    tool_call_part,
    tool_result_part,
)

Message: TypeAlias = dict[str, Any]
Content: TypeAlias = dict[str, list[Any]]
"""Attribute name -> its messages, parts or definitions; no value is empty."""


def chat_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
    """The messages and tools of a chat request. System messages keep their place among the others."""
    messages = [message for wire in sequence(body.get("messages")) if (message := _message(mapping(wire), filter_text))]
    return request_content(messages, tools=tool_definitions(body, filter_text))


def text_input(field: str) -> Callable[[Mapping[str, object], TextFilter], Content]:
    """Return the function that reads a request with one input *field*: a text, several, tokens, or objects of parts."""

    def read_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
        return request_content(_texts_as_messages(body.get(field), filter_text))

    return read_input


def chat_output(body: object, filter_text: TextFilter) -> list[Message]:
    """The choices of a response: one message each, in order of their index."""
    choices = [mapping(choice) for choice in sequence(declared_and_extra(body)[0].get("choices"))]
    if len(choices) > 1:
        choices.sort(key=lambda choice: integer(choice.get("index")) or 0)
    return [_choice(choice, filter_text) for choice in choices]


def request_content(
    messages: list[Message], *, system: list[Part] | None = None, tools: list[Part] | None = None
) -> Content:
    """Return the attributes of a request's content."""
    content = (
        (names.GEN_AI_SYSTEM_INSTRUCTIONS, system),
        (names.GEN_AI_INPUT_MESSAGES, messages),
        (names.GEN_AI_TOOL_DEFINITIONS, tools),
    )
    return {name: value for name, value in content if value}


def single_message(role: str, parts: list[Part]) -> list[Message]:
    """Return one message; none without parts."""
    return [{"role": role, "parts": parts}] if parts else []


def _texts_as_messages(value: object, filter_text: TextFilter, depth: int = 0) -> list[Message]:
    """Read an input without roles: a text, tokens, an object with `content`, or a list of these."""
    if isinstance(value, str):
        return single_message("user", text_part(value, filter_text))
    items = sequence(value)
    if items and all(integer(item) is not None for item in items):  # tokens are not text: they are counted
        return single_message("user", [{"type": "tokens", "count": len(items)}])
    if items:
        nested = () if depth > _MAX_DEPTH else items
        return [message for item in nested for message in _texts_as_messages(item, filter_text, depth + 1)]
    return single_message("user", content_parts(mapping(value).get("content"), filter_text))


def tool_definitions(body: Mapping[str, object], filter_text: TextFilter) -> list[Part]:
    """Read the tools of a request: chat nests them in `function`, Responses does not, server tools have a type only.

    Only definitions of the caller's own tools are read: other tools may contain a URL with a key, or headers.
    """
    tools = [mapping(tool) for tool in sequence(body.get("tools"))]
    tools += [{"type": "function", "function": function} for function in sequence(body.get("functions"))]
    return [definition for tool in tools for definition in _definition(tool, filter_text)]


def _merged_reasoning_details(details: Iterable[object]) -> list[Mapping[str, Any]]:
    """Join the `reasoning_details` of a message; a stream sends each in pieces of one type and index."""
    merged: dict[object, dict[str, Any]] = {}
    for detail in details:
        fields = mapping(detail)
        kind = fields.get("type")
        known = merged.setdefault((text(kind), integer(fields.get("index"))), {"type": kind})
        for key, value in fields.items():
            if key in _CONCATENATED and isinstance(value, str):
                known[key] = known.get(key, "") + value
            elif value is not None and key in _IDENTIFYING:
                known[key] = value
    return list(merged.values())


def _message(wire: Mapping[str, Any], filter_text: TextFilter) -> Message | None:
    role = text(wire.get("role"))
    if role is None:
        return None
    if role in ("tool", "function"):
        parts = [tool_result_part(wire.get("tool_call_id"), wire.get("content"), filter_text)]
    else:
        parts = _message_parts(wire, filter_text)
    if not parts:
        return None
    message: Message = {"role": role, "parts": parts}
    name = text(wire["name"]) if "name" in wire else None
    return message if name is None else {**message, "name": name}


def _choice(choice: Mapping[str, Any], filter_text: TextFilter) -> Message:
    message = mapping(choice.get("message"))
    parts = _message_parts(message, filter_text) if message else text_part(choice.get("text"), filter_text)
    output: Message = {"role": text(message.get("role")) or "assistant", "parts": parts}
    reason = text(choice.get("finish_reason"))
    return output if reason is None else {**output, "finish_reason": FINISH_REASONS.get(reason, reason)}


def _message_parts(message: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    """Return all parts of a chat message, of any role, in the order in which a model generates them."""
    # The common case, and there may be hundreds of messages.
    if _EXTRA_FIELDS.isdisjoint(message) or not any(map(message.get, _EXTRA_FIELDS)):
        return content_parts(message.get("content"), filter_text)
    parts = _reasoning_parts(message, filter_text) + content_parts(message.get("content"), filter_text)
    parts += text_part(message.get("refusal"), filter_text, "refusal")
    for annotation in sequence(message.get("annotations")):
        parts += annotation_part(annotation, filter_text)
    for image in sequence(message.get("images")):
        parts += media_part(mapping(mapping(image).get("image_url")).get("url"), "image", filter_text)
    parts += _audio_parts(mapping(message.get("audio")), filter_text)
    for call in sequence(message.get("tool_calls")):
        parts += _tool_call_parts(mapping(call), filter_text)
    function = mapping(message.get("function_call"))
    if function:
        parts.append(tool_call_part(None, function.get("name"), function.get("arguments"), filter_text))
    return parts


def _reasoning_parts(message: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    # https://openrouter.ai/docs/use-cases/reasoning-tokens: `reasoning` repeats the details, but not every
    # provider sends those.
    parts: list[Part] = []
    for detail in _merged_reasoning_details(sequence(message.get("reasoning_details"))):
        if detail["type"] == "reasoning.server_tool_call":
            kind, call = text(detail.get("tool_name")) or "", {"arguments": detail.get("arguments")}
            parts += server_tool_parts(detail.get("tool_call_id"), kind, call, detail.get("result"), filter_text)
        else:
            parts += text_part(detail.get("text") or detail.get("summary"), filter_text, "reasoning")
    has_reasoning = any(part["type"] == "reasoning" for part in parts)
    return parts if has_reasoning else parts + text_part(message.get("reasoning"), filter_text, "reasoning")


def _audio_parts(audio: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    # A response contains the data, a later request only its id: https://openrouter.ai/docs/features/multimodal/audio
    data, transcript = audio.get("data"), filter_text(audio.get("transcript"))
    size = base64_size(data) if isinstance(data, str) else integer(audio.get("byte_size"))
    if size or transcript:
        return [blob_part(size or 0, "audio", transcript=transcript)]
    audio_id = text(audio.get("id"))
    return [{"type": "file", "modality": "audio", "file_id": audio_id}] if audio_id else []


def _tool_call_parts(call: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    function, custom = mapping(call.get("function")), mapping(call.get("custom"))
    if function or custom:
        name, arguments = (function or custom).get("name"), function.get("arguments", custom.get("input"))
        return [tool_call_part(call.get("id"), name, arguments, filter_text)]
    # A server tool (`openrouter:…`) has no `function`.
    kind = text(call.get("type"))
    fields = {key: value for key, value in call.items() if key not in ("id", "type", "index")}
    return server_tool_parts(call.get("id"), kind, fields, None, filter_text) if kind else []


def _definition(tool: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    kind = text(tool.get("type"))
    own = mapping(tool.get("function") or tool.get("custom")) or (tool if kind in ("function", "custom") else {})
    name = text(own.get("name")) or text(tool.get("name")) or text(tool.get("server_label")) or kind
    if kind is None or name is None:
        return []
    definition: Part = {"type": kind, "name": name}
    description, parameters = filter_text(own.get("description")), own.get("parameters")
    if description is not None:
        definition["description"] = description
    if parameters:
        definition["parameters"] = json_safe_mapping(parameters, filter_text)
    return [definition]


FINISH_REASONS: Final = {"tool_calls": "tool_call", "function_call": "tool_call"}
"""Finish reasons that the schema spells differently."""
_MAX_DEPTH: Final = 2  # a list of texts, or of lists of tokens
_EXTRA_FIELDS: Final = frozenset(
    ("reasoning_details", "reasoning", "refusal", "annotations", "images", "audio", "tool_calls", "function_call")
)
"""Fields of a message besides its content."""
_CONCATENATED: Final = ("text", "summary", "arguments", "result")
_IDENTIFYING: Final = ("tool_name", "tool_call_id")

"""The content of the Anthropic Messages API, as messages and tool definitions of the GenAI schema; all is in blocks.

Results of the caller's tools are blocks of a user message here, and a message of the role `tool` in the schema.
Signatures, encrypted fields and the data of files are not read.
Wire: https://platform.claude.com/docs/en/api/messages
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from .._wire.fields import base64_size, mapping, sequence, text
from .._wire.messages import finish_reason
from .chat import FINISH_REASONS, Content, Message, request_content, tool_definitions
from .parts import (
    Part,
    TextFilter,
    base64_part,
    json_safe,
    json_safe_mapping,
    media_part,
    server_tool_parts,
    text_part,
    tool_call_part,
)


def messages_input(body: Mapping[str, object], filter_text: TextFilter) -> Content:
    """The content of a request: `system` as system instructions, `messages`, and `tools`."""
    messages = [message for wire in sequence(body.get("messages")) for message in _messages(mapping(wire), filter_text)]
    definitions = [_definition(mapping(tool)) for tool in sequence(body.get("tools"))]
    return request_content(
        messages,
        system=_parts(body.get("system"), filter_text),
        tools=tool_definitions({"tools": definitions}, filter_text),
    )


def messages_output(body: object, filter_text: TextFilter) -> list[Message]:
    """The content of a response: one message of the assistant."""
    response = mapping(body)
    blocks = sequence(response.get("content"))
    if not blocks:
        return []
    message: Message = {"role": "assistant", "parts": _parts(blocks, filter_text)}
    reason = finish_reason(response.get("stop_reason"))
    return [message if reason is None else {**message, "finish_reason": FINISH_REASONS.get(reason, reason)}]


def _messages(wire: Mapping[str, Any], filter_text: TextFilter) -> list[Message]:
    """Return the messages for one: results of tools become messages of their own, in their places."""
    role, content = text(wire.get("role")), wire.get("content")
    if role is None:
        return []
    messages: list[Message] = []
    for block in (content,) if isinstance(content, str) else sequence(content):
        parts = _block(block, filter_text)
        own_role = "tool" if mapping(block).get("type") == "tool_result" else role
        if messages and messages[-1]["role"] == own_role:
            messages[-1]["parts"] += parts
        elif parts:
            messages.append({"role": own_role, "parts": parts})
    return messages


def _parts(content: object, filter_text: TextFilter) -> list[Part]:
    if isinstance(content, str):
        return text_part(content, filter_text)
    return [part for block in sequence(content) for part in _block(block, filter_text)]


def _block(block: object, filter_text: TextFilter) -> list[Part]:
    fields = mapping(block)
    kind = text(fields.get("type"))
    if kind is None:
        return text_part(block, filter_text)
    convert = _BLOCKS.get(kind)
    if convert is not None:
        return convert(fields, filter_text)
    if kind in _CALLS or kind.endswith(_RESULT):
        return _server_tool(fields, kind, filter_text)
    return [{"type": kind}]  # an unknown type is only named


def _text(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    parts = text_part(block.get("text"), filter_text)
    for citation in sequence(block.get("citations")):
        parts += _citation(mapping(citation), filter_text)
    return parts


def _citation(citation: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    """Return a part for a citation: of the web as other endpoints have it, of a document with its place in that."""
    # https://platform.claude.com/docs/en/build-with-claude/citations
    kind = text(citation.get("type"))
    if kind is None:
        return []
    if kind == "web_search_result_location":
        fields = {name: citation.get(key) for name, key in _WEB_CITATION.items()}
        return [{"type": "url_citation", **json_safe_mapping(fields, filter_text)}]
    return [json_safe_mapping(_without_data(citation), filter_text)]


def _thinking(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    return text_part(block.get("thinking"), filter_text, "reasoning")


def _tool_use(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    arguments = block.get("input")
    if not isinstance(arguments, str):  # as text: `redact` then sees numbers and keys too, as in other endpoints
        arguments = json.dumps(json_safe(arguments, text), ensure_ascii=False)
    return [tool_call_part(block.get("id"), block.get("name"), arguments, filter_text)]


def _tool_result(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    result, call_id = block.get("content"), text(block.get("tool_use_id"))
    response = (filter_text(result) or "") if isinstance(result, str) else _parts(result, filter_text)
    return [{"type": "tool_call_response", **({"id": call_id} if call_id else {}), "response": response}]


def _image(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    return _source(mapping(block.get("source")), "image", filter_text)


def _document(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    parts = _source(mapping(block.get("source")), "document", filter_text)
    name = filter_text(block.get("title"))
    named = [{**part, "name": name} if name and part["type"] in _NAMED else part for part in parts]
    return named + text_part(block.get("context"), filter_text)


def _source(source: Mapping[str, Any], modality: str, filter_text: TextFilter) -> list[Part]:
    """Return the parts for the source of an image or a document: a file, a URL, or its text."""
    data, file_id = source.get("data"), text(source.get("file_id"))
    if source.get("type") == "base64":
        return base64_part(data, modality, source.get("media_type"))
    if file_id:
        return [{"type": "file", "modality": modality, "file_id": file_id}]
    return (
        media_part(source.get("url"), modality, filter_text)
        or text_part(data, filter_text)
        or _parts(source.get("content"), filter_text)
    )


def _search_result(block: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    return text_part(block.get("title"), filter_text) + _parts(block.get("content"), filter_text)


def _container_upload(block: Mapping[str, Any], _: TextFilter) -> list[Part]:
    file_id = text(block.get("file_id"))
    return [{"type": "file", "modality": "document", "file_id": file_id}] if file_id else []


def _server_tool(block: Mapping[str, Any], kind: str, filter_text: TextFilter) -> list[Part]:
    """Return the part for a call of a tool that the model's provider ran, or for the result of one."""
    if kind.endswith(_RESULT):
        result = _without_data(block.get("content"))
        # Only the result: its call is a block of its own.
        return server_tool_parts(block.get("tool_use_id"), kind, {}, result, filter_text)[1:]
    name = text(block.get("name")) or kind
    call = {"arguments": _without_data(block.get("input")), "server_name": block.get("server_name")}
    return server_tool_parts(block.get("id"), name, call, None, filter_text)


def _without_data(value: Any, depth: int = 0) -> object:
    """Return a copy of JSON without encrypted fields, where the data of a file is replaced by its size."""
    if depth > _MAX_DEPTH:
        return None
    items = sequence(value)
    if items:
        return [_without_data(item, depth + 1) for item in items]
    fields = mapping(value)
    if not fields:
        return value
    kept = {key: item for key, item in fields.items() if not str(key).startswith(_ENCRYPTED)}
    if fields.get("type") == "base64":
        data = kept.pop("data", None)
        kept["byte_size"] = base64_size(data) if isinstance(data, str) else None
    return {key: _without_data(item, depth + 1) for key, item in kept.items()}


def _definition(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool in the form of chat: the caller's own tool has a schema, a server tool only a type and a name."""
    if not tool.get("input_schema"):
        return {"type": tool.get("type"), "name": tool.get("name")}
    function = {"name": tool.get("name"), "description": tool.get("description"), "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}


_BLOCKS: Final[Mapping[str, Callable[[Mapping[str, Any], TextFilter], list[Part]]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": lambda _, __: [],
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "container_upload": _container_upload,
}
_CALLS: Final = ("server_tool_use", "mcp_tool_use")
_RESULT: Final = "_tool_result"  # `web_search_tool_result`, `mcp_tool_result`, …
_NAMED: Final = ("blob", "file", "uri")
_ENCRYPTED: Final = ("encrypted_", "signature")
_MAX_DEPTH: Final = 32
_WEB_CITATION: Final = {"url": "url", "title": "title", "content": "cited_text"}

"""Converts one piece of content to one part of the GenAI message schema.

Binary content is described (modality, MIME type, size) and never copied; signatures and encrypted data are not read.
Parts: https://github.com/open-telemetry/semantic-conventions-genai, model/gen-ai/gen-ai-input-messages.json
Wire: https://openrouter.ai/docs/api/reference/overview#requests, and multimodal/ of the same docs.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, cast

from .._wire.fields import base64_size, flat_text, mapping, sequence, text

Part: TypeAlias = dict[str, Any]
TextFilter: TypeAlias = Callable[[object], str | None]
"""Receives a text and returns what may be recorded of it: redacted, truncated, or None for nothing."""

_INT64: Final = 2**63
_MAX_DEPTH: Final = 32


def make_text_filter(limit: int | None = None, redact: Callable[[str], str | None] | None = None) -> TextFilter:
    """Return the filter that every text passes before it is recorded.

    Args:
        limit: the maximum number of characters of a text; None for no limit.
        redact: receives each whole text and returns the text to record.
    """
    if limit is None and redact is None:
        return _without_data_urls

    def filter_text(value: object) -> str | None:
        string = _without_data_urls(value)
        if redact is not None and string is not None:
            string = text(redact(string))
        if limit is not None and string is not None and len(string) > limit:
            string = string[: limit - 1] + "…" if limit else None
        return string

    return filter_text


def _without_data_urls(value: object) -> str | None:
    """Return a text with its data URLs described: Markdown and the results of tools may embed files."""
    string = text(value)
    return string if string is None or ";base64," not in string else _DATA_URL.sub(_described, string)


def content_parts(content: object, filter_text: TextFilter) -> list[Part]:
    """Return the parts of a message's `content`, which is a string or a list of typed pieces."""
    if isinstance(content, str):
        return text_part(content, filter_text)
    return [part for piece in sequence(content) for part in _piece(piece, filter_text)]


def text_part(value: object, filter_text: TextFilter, kind: str = "text") -> list[Part]:
    """Return one part with the text *value*; none if the filter removes it."""
    filtered = filter_text(value)
    return [] if filtered is None else [{"type": kind, "content": filtered}]


def media_part(url: object, modality: str, filter_text: TextFilter, mime_type: object = None) -> list[Part]:
    """Return a `uri` part, or a `blob` part if the URL contains the data itself."""
    if not isinstance(url, str) or not url:
        return []
    if not _SCHEME.match(url):  # some clients send bare base64
        return base64_part(url, modality, mime_type)
    if not url.startswith("data:"):
        uri = filter_text(url)
        return [] if uri is None else [{"type": "uri", "modality": modality, "uri": uri, **_mime(mime_type)}]
    head = _DATA_URL_HEAD.match(url)
    return [blob_part(base64_size(url, head.end()), modality, head["mime_type"] or mime_type)] if head else []


def blob_part(size: int, modality: str, mime_type: object = None, transcript: str | None = None) -> Part:
    """Return a part for binary content of *size* bytes. The schema requires `content`; it stays empty."""
    part: Part = {"type": "blob", "modality": _modality(mime_type, modality), **_mime(mime_type)}
    part |= {"content": "", "byte_size": size}
    return part if transcript is None else {**part, "transcript": transcript}


def base64_part(data: object, modality: str, mime_type: object = None) -> list[Part]:
    """Return a part for binary content in base64."""
    return [blob_part(base64_size(data), modality, mime_type)] if isinstance(data, str) and data else []


def tool_call_part(call_id: object, name: object, arguments: object, filter_text: TextFilter) -> Part:
    """Return a part for a call of one of the caller's tools."""
    part: Part = {"type": "tool_call", **_id(call_id), "name": text(name) or ""}
    parsed = parsed_arguments(arguments, filter_text)
    return part if parsed is None else {**part, "arguments": parsed}


def tool_result_part(call_id: object, result: object, filter_text: TextFilter) -> Part:
    """Return a part for the result of one of the caller's tools: a text, or a list of parts."""
    response = (filter_text(result) or "") if isinstance(result, str) else content_parts(result, filter_text)
    return {"type": "tool_call_response", **_id(call_id), "response": response}


def server_tool_parts(call_id: object, kind: str, call: object, result: object, filter_text: TextFilter) -> list[Part]:
    """Return parts for a tool that OpenRouter or the upstream provider ran, and for its result."""
    part: Part = {"type": "server_tool_call", **_id(call_id), "name": kind}
    parts = [{**part, "server_tool_call": {"type": kind, **json_safe_mapping(call, filter_text)}}]
    filtered = json_safe(result, filter_text)
    if filtered:
        response = {"type": kind, "result": filtered}
        parts.append({"type": "server_tool_call_response", **_id(call_id), "server_tool_call_response": response})
    return parts


def parsed_arguments(arguments: object, filter_text: TextFilter) -> object:
    """Return the arguments of a call as an object; invalid or truncated JSON stays a text."""
    if not isinstance(arguments, str):
        return json_safe(arguments, filter_text)
    filtered = filter_text(arguments)
    if filtered is None:
        return None
    try:
        return json_safe(json.loads(filtered, parse_constant=str), text)
    except (ValueError, RecursionError):
        return filtered


def json_safe_mapping(node: object, filter_text: TextFilter, depth: int = 0) -> dict[str, Any]:
    """Return the fields of an object in types that every exporter can encode, without opaque ones."""
    return {
        text(key) or "": json_safe(value, filter_text, depth + 1)
        for key, value in mapping(node).items()
        if key not in _OPAQUE and value is not None
    }


def json_safe(value: object, filter_text: TextFilter, depth: int = 0) -> Any:
    """Return *value* in types that every exporter can encode: texts filtered, integers of 64 bits, depth bounded."""
    if isinstance(value, str):
        return filter_text(value) or ""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < (_INT64 if isinstance(value, int) else math.inf) else str(value)
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, (list, tuple)):
        return [json_safe(item, filter_text, depth + 1) for item in cast("Iterable[object]", value)]
    return json_safe_mapping(value, filter_text, depth)


def annotation_part(annotation: object, filter_text: TextFilter) -> list[Part]:
    """Return a part for a citation. Chat nests its fields under the name of its type, Responses does not."""
    # https://openrouter.ai/docs/features/web-search and features/multimodal/pdfs
    fields = mapping(annotation)
    kind = text(fields.get("type"))
    if kind is None:
        return []
    fields = mapping(fields.get(kind)) or {key: value for key, value in fields.items() if key != "type"}
    if kind == "file":  # the parsed content of a file: its texts; its images are described
        # Its texts have no annotations of their own: reading them would recurse as deep as the JSON is nested.
        pieces = [{**mapping(piece), "annotations": None} for piece in sequence(fields.get("content"))]
        parsed = {"name": filter_text(fields.get("name")), "parts": content_parts(pieces, filter_text)}
        return [{"type": "file_annotation", **{key: value for key, value in parsed.items() if value}}]
    return [{"type": kind, **json_safe_mapping(fields, filter_text)}]


def _piece(piece: object, filter_text: TextFilter) -> list[Part]:
    fields = mapping(piece)
    kind = text(fields.get("type"))
    convert = _PIECES.get(kind) if kind is not None else None
    if convert is not None:
        return convert(fields, filter_text)
    return text_part(piece, filter_text) if kind is None else [{"type": kind}]  # an unknown type is only named


def _text(piece: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    parts = text_part(piece.get("text"), filter_text)
    for annotation in sequence(piece.get("annotations")):
        parts += annotation_part(annotation, filter_text)
    return parts


def _image(piece: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    return media_part(_url(piece.get("image_url")), "image", filter_text) or _file(piece, filter_text, "image")


def _video(piece: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    return media_part(_url(piece.get("video_url")), "video", filter_text)


def _audio(piece: Mapping[str, Any], filter_text: TextFilter) -> list[Part]:
    audio = mapping(piece.get("input_audio"))
    form = text(audio.get("format"))
    mime_type = f"audio/{form}" if form else None
    data = base64_part(audio.get("data"), "audio", mime_type)
    return data or media_part(audio.get("url"), "audio", filter_text, mime_type)


def _file(piece: Mapping[str, Any], filter_text: TextFilter, modality: str = "document") -> list[Part]:
    file = mapping(piece.get("file")) or piece  # nested in `file` in chat, flat in Responses
    data = media_part(file.get("file_data"), modality, filter_text)
    parts = data or media_part(file.get("file_url"), modality, filter_text)
    file_id = text(file.get("file_id"))
    if not parts and file_id:
        parts = [{"type": "file", "modality": modality, "file_id": file_id}]
    name = filter_text(file.get("filename"))
    return [{**part, "name": name} for part in parts] if name else parts


def _url(value: object) -> object:
    return value if isinstance(value, str) else mapping(value).get("url")  # a string in Responses


def _id(value: object) -> Part:
    string = text(value)
    return {} if string is None else {"id": string}


def _mime(value: object) -> Part:
    string = text(value)
    return {} if string is None else {"mime_type": string}


def _modality(mime_type: object, default: str) -> str:
    kind = mime_type.partition("/")[0] if isinstance(mime_type, str) else ""
    return kind if kind in ("image", "audio", "video") else default


def _described(url: re.Match[str]) -> str:
    return f"{url['head']}… ({base64_size(url['data'])} bytes)"


_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}:")
# https://www.rfc-editor.org/rfc/rfc2397
_DATA_URL_HEAD: Final = re.compile(r"data:(?P<mime_type>[\w.+-]{1,64}/[\w.+-]{1,64})?[^,]{0,128},", re.ASCII)
_DATA_URL: Final = re.compile(
    r"(?P<head>data:(?:[\w.+-]{1,64}/[\w.+-]{1,64})?(?:;[\w.+-]{1,64}=[\w.+-]{1,64}){0,8};base64,)(?P<data>[\w+/=\\-]+)",
    re.ASCII,
)
_OPAQUE: Final = ("encrypted_content", "signature")
_PIECES: Final[Mapping[str, Callable[[Mapping[str, Any], TextFilter], list[Part]]]] = {
    # Chat, including older names
    "text": _text,
    # Not converted by every gateway: Mistral's has blocks, Anthropic's a text (https://github.com/crmne/ruby_llm/issues/420)
    "thinking": lambda piece, filter_text: text_part(flat_text(piece.get("thinking")), filter_text, "reasoning"),
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
    "video_url": _video,
    "input_video": _video,
    # Responses
    "input_text": _text,
    "output_text": _text,
    "input_image": _image,
    "input_file": _file,
    "refusal": lambda piece, filter_text: text_part(piece.get("refusal"), filter_text, "refusal"),
    "summary_text": lambda piece, filter_text: text_part(piece.get("text"), filter_text, "reasoning"),
    "reasoning_text": lambda piece, filter_text: text_part(piece.get("text"), filter_text, "reasoning"),
}

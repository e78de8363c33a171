"""One piece of content on the wire becomes one part of the GenAI message schema; nothing else is known here.

Binary content is described (modality, MIME type, size) and never copied; signatures and encrypted data are never read.
Parts: https://github.com/open-telemetry/semantic-conventions-genai, model/gen-ai/gen-ai-input-messages.json
Wire: https://openrouter.ai/docs/api/reference/overview#requests, and multimodal/ of the same docs.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, cast

from .._wire.fields import items, members, text

Part: TypeAlias = dict[str, Any]
Keep: TypeAlias = Callable[[object], str | None]
"""Takes a text of the wire and returns what may be told of it: redacted, cut, or None for nothing."""

_INT64: Final = 2**63
_DEEPEST: Final = 32


def keeper(limit: int | None = None, redact: Callable[[str], str | None] | None = None) -> Keep:
    """Make the function through which each text goes before it is told.

    Args:
        limit: so many characters are kept of a text; all, where it is None.
        redact: is given each whole text and returns what may be told of it.
    """
    if limit is None and redact is None:
        return _readable

    def keep(value: object) -> str | None:
        taken = _readable(value)
        if redact is not None and taken is not None:
            taken = text(redact(taken))
        if limit is not None and taken is not None and len(taken) > limit:
            taken = taken[: limit - 1] + "…" if limit else None
        return taken

    return keep


def _readable(value: object) -> str | None:
    """A text as it is, but for files that stand in it as data URLs: in Markdown, in what a tool returned."""
    taken = text(value)
    return taken if taken is None or ";base64," not in taken else _DATA_URL.sub(_described, taken)


def parts_of(content: object, keep: Keep) -> list[Part]:
    """The parts of a message's `content`: a string, or a list of typed pieces."""
    if isinstance(content, str):
        return text_part(content, keep)
    return [part for piece in items(content) for part in _piece(piece, keep)]


def text_part(value: object, keep: Keep, kind: str = "text") -> list[Part]:
    """One part with the text *value*; none where nothing of it is kept."""
    kept = keep(value)
    return [] if kept is None else [{"type": kind, "content": kept}]


def media_part(url: object, modality: str, keep: Keep, mime_type: object = None) -> list[Part]:
    """What stands behind a URL: a `uri`, or a `blob` where the URL holds the data itself."""
    if not isinstance(url, str) or not url:
        return []
    if not _SCHEME.match(url):  # bare base64, as some clients send it
        return base64_part(url, modality, mime_type)
    if not url.startswith("data:"):
        uri = keep(url)
        return [] if uri is None else [{"type": "uri", "modality": modality, "uri": uri, **_mime(mime_type)}]
    head = _DATA_URL_HEAD.match(url)
    return [blob_part(_size(url, head.end()), modality, head["mime_type"] or mime_type)] if head else []


def blob_part(size: int, modality: str, mime_type: object = None, transcript: str | None = None) -> Part:
    """Binary content of *size* bytes. The schema asks for `content`; it stays empty."""
    part: Part = {"type": "blob", "modality": _modality(mime_type, modality), **_mime(mime_type)}
    part |= {"content": "", "byte_size": size}
    return part if transcript is None else {**part, "transcript": transcript}


def base64_part(data: object, modality: str, mime_type: object = None) -> list[Part]:
    """Binary content that came as base64."""
    return [blob_part(base64_size(data), modality, mime_type)] if isinstance(data, str) and data else []


def base64_size(data: str) -> int:
    """How many bytes *data* decodes to."""
    return _size(data, 0)


def tool_call_part(call_id: object, name: object, arguments: object, keep: Keep) -> Part:
    """A call of one of the caller's tools."""
    part: Part = {"type": "tool_call", **_id(call_id), "name": text(name) or ""}
    taken = arguments_of(arguments, keep)
    return part if taken is None else {**part, "arguments": taken}


def tool_result_part(call_id: object, result: object, keep: Keep) -> Part:
    """What one of the caller's tools returned: a text, or a list of parts."""
    response = (keep(result) or "") if isinstance(result, str) else parts_of(result, keep)
    return {"type": "tool_call_response", **_id(call_id), "response": response}


def server_tool_parts(call_id: object, kind: str, call: object, result: object, keep: Keep) -> list[Part]:
    """What OpenRouter or the upstream provider did by itself, and what came of it."""
    part: Part = {"type": "server_tool_call", **_id(call_id), "name": kind}
    parts = [{**part, "server_tool_call": {"type": kind, **portable_members(call, keep)}}]
    kept = portable(result, keep)
    if kept:
        answer = {"type": kind, "result": kept}
        parts.append({"type": "server_tool_call_response", **_id(call_id), "server_tool_call_response": answer})
    return parts


def arguments_of(arguments: object, keep: Keep) -> object:
    """The arguments of a call as an object; what is not JSON, or was cut, stays a text."""
    if not isinstance(arguments, str):
        return portable(arguments, keep)
    kept = keep(arguments)
    if kept is None:
        return None
    try:
        return portable(json.loads(kept, parse_constant=str), text)
    except (ValueError, RecursionError):
        return kept


def portable_members(node: object, keep: Keep, depth: int = 0) -> dict[str, Any]:
    """The members of a wire object as any exporter can carry them, without what is nobody's business."""
    return {
        text(key) or "": portable(value, keep, depth + 1)
        for key, value in members(node).items()
        if key not in _SEALED and value is not None
    }


def portable(value: object, keep: Keep, depth: int = 0) -> Any:
    """*value* as any exporter can carry it: its texts kept, its integers of 64 bits, its depth bounded."""
    if isinstance(value, str):
        return keep(value) or ""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < (_INT64 if isinstance(value, int) else math.inf) else str(value)
    if depth > _DEEPEST:
        return None
    if isinstance(value, (list, tuple)):
        return [portable(item, keep, depth + 1) for item in cast("Iterable[object]", value)]
    return portable_members(value, keep, depth)


def annotation_part(annotation: object, keep: Keep) -> list[Part]:
    """A citation. In chat it stands under the name of its type, in Responses flat."""
    # https://openrouter.ai/docs/features/web-search and features/multimodal/pdfs
    found = members(annotation)
    kind = text(found.get("type"))
    if kind is None:
        return []
    fields = members(found.get(kind)) or {key: value for key, value in found.items() if key != "type"}
    if kind == "file":  # what was read out of a file: its texts; images in it are described
        told = {"name": keep(fields.get("name")), "parts": parts_of(fields.get("content"), keep)}
        return [{"type": "file_annotation", **{key: value for key, value in told.items() if value}}]
    return [{"type": kind, **portable_members(fields, keep)}]


def _piece(piece: object, keep: Keep) -> list[Part]:
    found = members(piece)
    kind = text(found.get("type"))
    read = _PIECES.get(kind) if kind is not None else None
    if read is not None:
        return read(found, keep)
    return text_part(piece, keep) if kind is None else [{"type": kind}]  # one that we do not know is only named


def _text(piece: Mapping[str, Any], keep: Keep) -> list[Part]:
    cited = [part for annotation in items(piece.get("annotations")) for part in annotation_part(annotation, keep)]
    return text_part(piece.get("text"), keep) + cited


def _image(piece: Mapping[str, Any], keep: Keep) -> list[Part]:
    return media_part(_url(piece.get("image_url")), "image", keep) or _file(piece, keep, "image")


def _video(piece: Mapping[str, Any], keep: Keep) -> list[Part]:
    return media_part(_url(piece.get("video_url")), "video", keep)


def _audio(piece: Mapping[str, Any], keep: Keep) -> list[Part]:
    audio = members(piece.get("input_audio"))
    form = text(audio.get("format"))
    mime_type = f"audio/{form}" if form else None
    return base64_part(audio.get("data"), "audio", mime_type) or media_part(audio.get("url"), "audio", keep, mime_type)


def _file(piece: Mapping[str, Any], keep: Keep, modality: str = "document") -> list[Part]:
    file = members(piece.get("file")) or piece  # under `file` in chat, flat in Responses
    parts = media_part(file.get("file_data"), modality, keep) or media_part(file.get("file_url"), modality, keep)
    file_id = text(file.get("file_id"))
    if not parts and file_id:
        parts = [{"type": "file", "modality": modality, "file_id": file_id}]
    name = keep(file.get("filename"))
    return [{**part, "name": name} for part in parts] if name else parts


def _url(value: object) -> object:
    return value if isinstance(value, str) else members(value).get("url")  # a string in Responses


def _id(value: object) -> Part:
    taken = text(value)
    return {} if taken is None else {"id": taken}


def _mime(value: object) -> Part:
    taken = text(value)
    return {} if taken is None else {"mime_type": taken}


def _modality(mime_type: object, otherwise: str) -> str:
    kind = mime_type.partition("/")[0] if isinstance(mime_type, str) else ""
    return kind if kind in ("image", "audio", "video") else otherwise


def _described(url: re.Match[str]) -> str:
    return f"{url['head']}… ({base64_size(url['data'])} bytes)"


def _size(data: str, start: int) -> int:
    return max(0, (len(data) - start) * 3 // 4 - data.endswith("=") - data.endswith("=="))


_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}:")
# https://www.rfc-editor.org/rfc/rfc2397
_DATA_URL_HEAD: Final = re.compile(r"data:(?P<mime_type>[\w.+-]{1,64}/[\w.+-]{1,64})?[^,]{0,128},", re.ASCII)
_DATA_URL: Final = re.compile(
    r"(?P<head>data:(?:[\w.+-]{1,64}/[\w.+-]{1,64})?(?:;[\w.+-]{1,64}=[\w.+-]{1,64}){0,8};base64,)(?P<data>[\w+/=\\-]+)",
    re.ASCII,
)
_SEALED: Final = ("encrypted_content", "signature")
_PIECES: Final[Mapping[str, Callable[[Mapping[str, Any], Keep], list[Part]]]] = {
    # Chat, and the older names of the same
    "text": _text,
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
    "refusal": lambda piece, keep: text_part(piece.get("refusal"), keep, "refusal"),
    "summary_text": lambda piece, keep: text_part(piece.get("text"), keep, "reasoning"),
    "reasoning_text": lambda piece, keep: text_part(piece.get("text"), keep, "reasoning"),
}

"""Accumulates the content of a response until its call ends; a stream becomes the body of the equivalent plain call.

The functions that read content then need no streams: they read bodies. Nothing here is created unless content is
captured.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from .._wire.fields import base64_size, declared_and_extra, flat_text, integer, mapping, sequence, text


class ContentAccumulator:
    """Holds a body that arrives in one piece."""

    __slots__ = ("_body",)

    def __init__(self) -> None:
        self._body: object = None

    def set_body(self, body: object) -> None:
        """Hold *body*: a whole response, or the last event of a stream, which includes it."""
        self._body = body

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add one chunk or one event of a stream."""
        kind = chunk.get("type")
        if isinstance(kind, str) and kind.endswith((".completed", ".done")):
            before = sequence(mapping(self._body).get("data"))
            self._body = {**chunk, "data": [*before, chunk]}

    def body(self) -> object:
        """Return the body, as far as it has arrived."""
        return self._body


class ChatAccumulator(ContentAccumulator):
    """Joins the deltas of each choice of chat and text completions."""

    __slots__ = ("_choices",)

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add one chunk."""
        for position, choice in enumerate(sequence(chunk.get("choices"))):
            declared = declared_and_extra(choice)[0]
            index = declared.get("index")
            if type(index) is not int:  # never seen; then the position distinguishes choices
                index = position
            known = self._choices.get(index)
            if known is None:
                known = self._choices[index] = _Choice()
            known.add(declared)

    def body(self) -> object:
        """Return the whole body, or its choices as far as they have arrived."""
        if self._body is not None:
            return self._body
        return {"choices": [{"index": index, **choice.to_wire()} for index, choice in self._choices.items()]}


class _Choice:
    """One choice of a stream. Its texts stay in pieces until the end: joining each time would be quadratic."""

    __slots__ = ("_audio", "_blocks", "_call_at", "_calls", "_lists", "_once", "_texts")

    def __init__(self) -> None:
        self._blocks: list[Mapping[str, Any]] = []
        """The pieces of a `content` that is a list; texts before them are in `_texts`."""
        self._once: dict[str, object] = {}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[object]] = {}
        self._calls: dict[object, dict[str, Any]] = {}
        self._call_at: dict[object, object] = {}
        self._audio: dict[str, Any] = {}

    def add(self, choice: Mapping[str, Any]) -> None:
        """Add one delta, or one piece of `text`."""
        if choice.get("finish_reason"):
            self._once["finish_reason"] = choice["finish_reason"]
        if isinstance(choice.get("text"), str):
            self._texts.setdefault("text", []).append(choice["text"])
        for fields in declared_and_extra(choice.get("delta")):
            for key, value in fields.items():
                if not value or key not in _CONTENT:  # a role, and most fields of most chunks
                    continue
                if key in _TEXTS and isinstance(value, str) and not (self._blocks and key == "content"):
                    pieces = self._texts.get(key)
                    if pieces is None:
                        pieces = self._texts[key] = []
                    pieces.append(value)
                elif key in _LISTS:
                    self._lists.setdefault(key, []).extend(sequence(value))
                elif key in _ADDERS:
                    _ADDERS[key](self, value)

    def to_wire(self) -> dict[str, Any]:
        """Return the choice of a plain response: its finish reason, and `text` or `message`."""
        fields: dict[str, Any] = {**self._once, **{key: "".join(pieces) for key, pieces in self._texts.items()}}
        if self._blocks:
            fields["content"] = _joined_blocks([{"type": "text", "text": fields.get("content")}, *self._blocks])
        message = {**fields, **self._lists, "tool_calls": list(self._calls.values()), "audio": self._audio}
        return fields if "text" in fields else {"finish_reason": fields.get("finish_reason"), "message": message}

    def add_blocks(self, content: object) -> None:
        """Add a `content` that is a list of blocks, or a text after one."""
        pieces = [{"type": "text", "text": content}] if isinstance(content, str) else sequence(content)
        self._blocks += map(mapping, pieces)

    def add_calls(self, pieces: object) -> None:
        """Add the deltas of tool calls."""
        for piece in sequence(pieces):
            call = mapping(piece)
            # OpenRouter repeats the id in each delta (recorded); OpenAI sends it in the first only. A new id is a new
            # call, whatever its index, unless it has only arguments: some upstream providers send another id with each
            # delta (https://github.com/vllm-project/vllm/issues/23522).
            index = integer(call.get("index"))
            key = text(call.get("id")) or self._call_at.get(index, index)
            if index in self._call_at and key not in self._calls and _is_continuation(call):
                key = self._call_at[index]
            self._call_at[index] = key
            known = self._calls.setdefault(key, {})
            for name, value in call.items():
                if name in ("function", "custom"):
                    _join(known.setdefault(name, {}), mapping(value))
                elif value is not None:
                    known.setdefault(name, value)

    def add_audio(self, delta: object) -> None:
        """Add a delta of audio. Its bytes are never captured, only counted; each delta is encoded separately."""
        known, audio = self._audio, mapping(delta)
        if isinstance(audio.get("data"), str):
            known["byte_size"] = known.get("byte_size", 0) + base64_size(audio["data"])
        if isinstance(audio.get("transcript"), str):
            known["transcript"] = known.get("transcript", "") + audio["transcript"]
        if audio.get("id"):
            known["id"] = audio["id"]


def _is_continuation(call: Mapping[str, Any]) -> bool:
    """Whether a delta of a tool call has arguments and no name. A server tool has neither."""
    function = mapping(call.get("function") or call.get("custom"))
    return bool(function) and not function.get("name")


def _joined_blocks(blocks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Join consecutive blocks of one type that is a text; the field with the text has the name of the type."""
    joined: list[Mapping[str, Any]] = []
    for kind, run in itertools.groupby(blocks, lambda block: text(block.get("type"))):
        if kind not in _TEXT_BLOCKS:
            joined += run
            continue
        pieces = [*run]
        annotations = [each for piece in pieces for each in sequence(piece.get("annotations"))]
        joined.append({"type": kind, kind: "".join(flat_text(piece.get(kind)) for piece in pieces)})
        if annotations:
            joined[-1] = {**joined[-1], "annotations": annotations}
    return joined


def _join(made: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for key, value in piece.items():
        if key in ("arguments", "input") and isinstance(value, str):
            made[key] = made.get(key, "") + value
        elif value:
            made.setdefault(key, value)


class ResponsesAccumulator(ContentAccumulator):
    """Holds the last event of the Responses API, which includes the whole response; until then, joins the others."""

    __slots__ = ("_items", "_pieces")

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, Mapping[str, Any]] = {}
        self._pieces: dict[int, dict[tuple[str, int], list[str]]] = {}

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add one event."""
        kind, index = chunk.get("type"), integer(chunk.get("output_index"))
        if kind in _LAST:
            if sequence(mapping(chunk.get("response")).get("output")):
                self.set_body(chunk["response"])
        elif not isinstance(kind, str) or index is None:
            return
        elif kind.endswith("output_item.done"):
            self._items[index] = mapping(chunk.get("item"))
            self._pieces.pop(index, None)
        elif kind.endswith("output_item.added"):
            self._items[index] = mapping(chunk.get("item"))
        elif kind in _DELTAS and isinstance(chunk.get("delta"), str):
            place = integer(chunk.get("content_index", chunk.get("summary_index"))) or 0
            self._pieces.setdefault(index, {}).setdefault((kind, place), []).append(chunk["delta"])

    def body(self) -> object:
        """Return the whole response, or its items as far as they have arrived."""
        if self._body is not None:
            return self._body
        return {"output": [self._item(index) for index in sorted(self._items)]}

    def _item(self, index: int) -> Mapping[str, Any]:
        item = {**self._items[index]}
        for (kind, _), pieces in sorted(self._pieces.get(index, {}).items()):
            member, part_kind, field = _DELTAS[kind]
            joined = "".join(pieces)
            if part_kind is None:
                item[member] = joined
            else:
                item[member] = [*sequence(item.get(member)), {"type": part_kind, field: joined}]
        return item


_TEXTS: Final = ("content", "reasoning", "refusal")
_ADDERS: Final[Mapping[str, Callable[[_Choice, object], None]]] = {
    "content": _Choice.add_blocks,
    "tool_calls": _Choice.add_calls,
    "audio": _Choice.add_audio,
}
_TEXT_BLOCKS: Final = ("text", "thinking")
_LISTS: Final = ("reasoning_details", "annotations", "images")
_CONTENT: Final = frozenset((*_TEXTS, *_LISTS, *_ADDERS))

# https://platform.openai.com/docs/api-reference/responses-streaming
_LAST: Final = ("response.completed", "response.incomplete", "response.failed")
_DELTAS: Final[
    Mapping[str, tuple[str, str | None, str]]
] = {  # event -> (field of the item, type of its part, field of the part)
    "response.output_text.delta": ("content", "output_text", "text"),
    "response.refusal.delta": ("content", "refusal", "refusal"),
    "response.reasoning_text.delta": ("content", "reasoning_text", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_text", "text"),
    "response.function_call_arguments.delta": ("arguments", None, ""),
    "response.custom_tool_call_input.delta": ("input", None, ""),
}

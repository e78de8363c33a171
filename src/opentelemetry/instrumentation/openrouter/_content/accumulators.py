"""Accumulates the content of a response until its call ends; a stream becomes the body of the equivalent plain call.

The functions that read content then need no streams: they read bodies. Nothing here is created unless content is
captured.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._wire.fields import base64_size, declared_and_extra, integer, mapping, sequence, text


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
            index = integer(declared.get("index"))
            index = position if index is None else index
            if index not in self._choices:
                self._choices[index] = _Choice()
            self._choices[index].add(declared)

    def body(self) -> object:
        """Return the whole body, or its choices as far as they have arrived."""
        if self._body is not None:
            return self._body
        return {"choices": [{"index": index, **choice.to_wire()} for index, choice in self._choices.items()]}


class _Choice:
    """One choice of a stream. Its texts stay in pieces until the end: joining each time would be quadratic."""

    __slots__ = ("_audio", "_call_at", "_calls", "_lists", "_once", "_texts")

    def __init__(self) -> None:
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
                if not value:
                    continue
                if key in _TEXTS and isinstance(value, str):
                    self._texts.setdefault(key, []).append(value)
                elif key in _LISTS:
                    self._lists.setdefault(key, []).extend(sequence(value))
                elif key == "tool_calls":
                    self._add_calls(sequence(value))
                elif key == "audio":
                    self._add_audio(mapping(value))

    def to_wire(self) -> dict[str, Any]:
        """Return the choice of a plain response: its finish reason, and `text` or `message`."""
        fields = {**self._once, **{key: "".join(pieces) for key, pieces in self._texts.items()}}
        message = {**fields, **self._lists, "tool_calls": list(self._calls.values()), "audio": self._audio}
        return fields if "text" in fields else {"finish_reason": fields.get("finish_reason"), "message": message}

    def _add_calls(self, pieces: Iterable[object]) -> None:
        for piece in pieces:
            call = mapping(piece)
            # OpenRouter repeats the id in each delta (recorded); OpenAI sends it in the first only. A new id is a new
            # call, whatever its index.
            index = integer(call.get("index"))
            key = text(call.get("id")) or self._call_at.get(index, index)
            self._call_at[index] = key
            known = self._calls.setdefault(key, {})
            for name, value in call.items():
                if name in ("function", "custom"):
                    _join(known.setdefault(name, {}), mapping(value))
                elif value is not None:
                    known.setdefault(name, value)

    def _add_audio(self, audio: Mapping[str, Any]) -> None:
        # Audio bytes are never captured, only counted; each delta is base64-encoded separately.
        known = self._audio
        if isinstance(audio.get("data"), str):
            known["byte_size"] = known.get("byte_size", 0) + base64_size(audio["data"])
        if isinstance(audio.get("transcript"), str):
            known["transcript"] = known.get("transcript", "") + audio["transcript"]
        if audio.get("id"):
            known["id"] = audio["id"]


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
_LISTS: Final = ("reasoning_details", "annotations", "images")

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

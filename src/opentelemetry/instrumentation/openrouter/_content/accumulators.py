"""What an answer says, held until its call ends; a stream is put together as the plain call would have sent it.

Only the wire is known here, not what it means: the same readers of content then read whole answers and streams.
Nothing here exists unless content is captured.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._wire.fields import integer, items, layers, members, text
from .parts import base64_size


class Transcript:
    """A body that came in one piece."""

    __slots__ = ("_whole",)

    def __init__(self) -> None:
        self._whole: object = None

    def whole(self, body: object) -> None:
        """The answer came in one piece, or a stream's last event holds all of it."""
        self._whole = body

    def add(self, chunk: Mapping[str, Any]) -> None:
        """One chunk, or one event, of a stream."""
        kind = chunk.get("type")
        if isinstance(kind, str) and kind.endswith((".completed", ".done")):
            before = items(members(self._whole).get("data"))
            self._whole = {**chunk, "data": [*before, chunk]}

    def body(self) -> object:
        """The wire body; what has come of it, where the stream broke off."""
        return self._whole


class ChoicesTranscript(Transcript):
    """Chat and text completions: the deltas of each choice, put together."""

    __slots__ = ("_choices",)

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Mapping[str, Any]) -> None:
        """One chunk."""
        for position, choice in enumerate(items(chunk.get("choices"))):
            declared = layers(choice)[0]
            index = integer(declared.get("index"))
            index = position if index is None else index
            if index not in self._choices:
                self._choices[index] = _Choice()
            self._choices[index].add(declared)

    def body(self) -> object:
        """The whole answer, or its choices as far as they came."""
        if self._whole is not None:
            return self._whole
        return {"choices": [{"index": index, **choice.wire()} for index, choice in self._choices.items()]}


class _Choice:
    """One choice of a stream. Its texts stay in pieces until the end: joining at each chunk would take ever longer."""

    __slots__ = ("_audio", "_call_at", "_calls", "_lists", "_once", "_texts")

    def __init__(self) -> None:
        self._once: dict[str, object] = {}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[object]] = {}
        self._calls: dict[object, dict[str, Any]] = {}
        self._call_at: dict[object, object] = {}
        self._audio: dict[str, Any] = {}

    def add(self, choice: Mapping[str, Any]) -> None:
        """One delta, or one piece of `text`."""
        if choice.get("finish_reason"):
            self._once["finish_reason"] = choice["finish_reason"]
        if isinstance(choice.get("text"), str):
            self._texts.setdefault("text", []).append(choice["text"])
        for fields in layers(choice.get("delta")):
            for key, value in fields.items():
                if not value:
                    continue
                if key in _TEXTS and isinstance(value, str):
                    self._texts.setdefault(key, []).append(value)
                elif key in _LISTS:
                    self._lists.setdefault(key, []).extend(items(value))
                elif key == "tool_calls":
                    self._add_calls(items(value))
                elif key == "audio":
                    self._add_audio(members(value))

    def wire(self) -> dict[str, Any]:
        """The choice as a plain answer has it: its finish reason, and `text` or `message`."""
        told = {**self._once, **{key: "".join(pieces) for key, pieces in self._texts.items()}}
        message = {**told, **self._lists, "tool_calls": list(self._calls.values()), "audio": self._audio}
        return told if "text" in told else {"finish_reason": told.get("finish_reason"), "message": message}

    def _add_calls(self, pieces: Iterable[object]) -> None:
        for piece in pieces:
            call = members(piece)
            # OpenRouter repeats the id in each delta (recorded); OpenAI sends it in the first alone. A new id is a
            # new call, whatever its index.
            index = integer(call.get("index"))
            key = text(call.get("id")) or self._call_at.get(index, index)
            self._call_at[index] = key
            known = self._calls.setdefault(key, {})
            for name, value in call.items():
                if name in ("function", "custom"):
                    _join(known.setdefault(name, {}), members(value))
                elif value is not None:
                    known.setdefault(name, value)

    def _add_audio(self, audio: Mapping[str, Any]) -> None:
        # The sound itself is nobody's business; its pieces are base64, each by itself.
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


class EventsTranscript(Transcript):
    """The Responses API: its last event holds the whole response; where that never came, what the others told."""

    __slots__ = ("_items", "_pieces")

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, Mapping[str, Any]] = {}
        self._pieces: dict[int, dict[tuple[str, int], list[str]]] = {}

    def add(self, chunk: Mapping[str, Any]) -> None:
        """One event."""
        kind, index = chunk.get("type"), integer(chunk.get("output_index"))
        if kind in _LAST:
            if items(members(chunk.get("response")).get("output")):
                self.whole(chunk["response"])
        elif not isinstance(kind, str) or index is None:
            return
        elif kind.endswith("output_item.done"):
            self._items[index] = members(chunk.get("item"))
            self._pieces.pop(index, None)
        elif kind.endswith("output_item.added"):
            self._items[index] = members(chunk.get("item"))
        elif kind in _DELTAS and isinstance(chunk.get("delta"), str):
            place = integer(chunk.get("content_index", chunk.get("summary_index"))) or 0
            self._pieces.setdefault(index, {}).setdefault((kind, place), []).append(chunk["delta"])

    def body(self) -> object:
        """The whole response, or its items as far as they came."""
        if self._whole is not None:
            return self._whole
        return {"output": [self._item(index) for index in sorted(self._items)]}

    def _item(self, index: int) -> Mapping[str, Any]:
        item = {**self._items[index]}
        for (kind, _), pieces in sorted(self._pieces.get(index, {}).items()):
            member, part_kind, field = _DELTAS[kind]
            said = "".join(pieces)
            if part_kind is None:
                item[member] = said
            else:
                item[member] = [*items(item.get(member)), {"type": part_kind, field: said}]
        return item


_TEXTS: Final = ("content", "reasoning", "refusal")
_LISTS: Final = ("reasoning_details", "annotations", "images")

# https://platform.openai.com/docs/api-reference/responses-streaming
_LAST: Final = ("response.completed", "response.incomplete", "response.failed")
_DELTAS: Final[Mapping[str, tuple[str, str | None, str]]] = {  # event -> the item's member, its part, the part's field
    "response.output_text.delta": ("content", "output_text", "text"),
    "response.refusal.delta": ("content", "refusal", "refusal"),
    "response.reasoning_text.delta": ("content", "reasoning_text", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_text", "text"),
    "response.function_call_arguments.delta": ("arguments", None, ""),
    "response.custom_tool_call_input.delta": ("input", None, ""),
}

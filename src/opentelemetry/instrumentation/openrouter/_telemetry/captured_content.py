"""The captured content of a call, and its two forms: JSON strings on the span, structured values on the event.

How content is encoded on the wire is known in `_content`; `call` decides when it is recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import attributes as names
from .._content.chat import FINISH_REASONS, Content
from .._content.parts import TextFilter
from .._guard import guarded
from .._operations import Operation
from .._wire.response import ResponseRecord

# The values were built in `_content`, as trees: there is no cycle to look for.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


@dataclass(frozen=True, slots=True)
class Capture:
    """Where content is recorded, and the filter that each text passes."""

    on_span: bool
    on_event: bool
    filter_text: TextFilter


class CapturedContent:
    """The content of one call."""

    __slots__ = ("_accumulator", "_filter_text", "_operation", "_record", "_request_content", "on_event", "on_span")

    def __init__(
        self, capture: Capture, operation: Operation, body: Mapping[str, object], record: ResponseRecord
    ) -> None:
        self._operation, self._filter_text = operation, capture.filter_text
        self.on_span, self.on_event = capture.on_span, capture.on_event
        self._record, self._accumulator = record, operation.accumulator()
        record.content = self._accumulator
        # Read at once: the caller may go on changing the same lists while a stream is read.
        self._request_content: Content = self._read_input(body) or {}

    def complete(self) -> Content:
        """Return all content, as far as the response has arrived."""
        messages = self._read_output()
        if not messages:
            return self._request_content
        if self._record.is_broken:
            for position, message in enumerate(messages):
                reason = self._record.finish_reasons.get(position, "error")
                message.setdefault("finish_reason", FINISH_REASONS.get(reason, reason))
        return {**self._request_content, names.GEN_AI_OUTPUT_MESSAGES: messages}

    @guarded
    def _read_input(self, body: Mapping[str, object]) -> Content:
        return self._operation.read_input(body, self._filter_text)

    @guarded
    def _read_output(self) -> list[Any]:
        return self._operation.read_output(self._accumulator.body(), self._filter_text)


def as_json(content: Content) -> dict[str, str]:
    """Return the form for spans, whose attributes have no structure."""
    return {name: _ENCODER.encode(value) for name, value in content.items()}

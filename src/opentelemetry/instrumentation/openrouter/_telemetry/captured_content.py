"""What is captured of a call's content, and the two forms in which it leaves: JSON on the span, structure on the event.

Which content stands where on the wire is not known here, nor how it is emitted.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from .. import attributes as names
from .._config import Capture
from .._content.chat import Content
from .._guard import guarded
from .._operations import Operation
from .._wire.response import Answer

# What is encoded was built here, as a tree: there is no circle to look for.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


class CapturedContent:
    """The content of one call."""

    __slots__ = ("_answer", "_asked", "_keep", "_operation", "on_event", "on_span")

    def __init__(self, capture: Capture, operation: Operation, body: Mapping[str, object], answer: Answer) -> None:
        self._operation, self._answer, self._keep = operation, answer, capture.keep
        self.on_span, self.on_event = capture.on_span, capture.on_event
        answer.transcript = operation.transcript()
        # At once: the caller may go on writing into the same lists while a stream comes.
        self._asked: Content = self._read_input(body) or {}

    def complete(self) -> Content:
        """All of it, as far as the answer came."""
        answered = self._read_output()
        return {**self._asked, names.GEN_AI_OUTPUT_MESSAGES: answered} if answered else self._asked

    @guarded
    def _read_input(self, body: Mapping[str, object]) -> Content:
        return self._operation.read_input(body, self._keep)

    @guarded
    def _read_output(self) -> list[Any]:
        transcript = self._answer.transcript
        body = transcript.body() if transcript is not None else None
        return self._operation.read_output(body, self._keep)


def as_json(content: Content) -> dict[str, str]:
    """The form for spans, whose attributes have no structure."""
    return {name: _ENCODER.encode(value) for name, value in content.items()}

"""One call from its start to its one end: its span, or its neighbour's, and what is recorded of it, once.

What is recorded comes from the floors below as plain attributes; what an SDK and its streams do is not known here.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from opentelemetry import trace
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from .. import attributes as names
from .._guard import guarded
from .._wire.errors import Failure, failure_of
from .._wire.fields import NOTHING, Attributes
from .._wire.response import Answer, response_attributes
from .captured_content import CapturedContent, as_json
from .enclosing_span import Neighbour, Origin
from .metrics import Points
from .outlets import Outlets

clock = time.perf_counter
"""The clock of all durations; the wall clock is read once a call, so that it may go backwards."""

Settle: TypeAlias = Callable[[Answer, Callable[[], None]], bool]
"""Takes an answer and what finishes its call, and says whether it will: then once, from another thread."""


class Call:
    """One call from its start to its one end. `answer` and `marks` are filled by whoever reads the response."""

    __slots__ = (
        "_asked",
        "_began",
        "_began_wall",
        "_first_chunk",
        "_last_seen",
        "_name",
        "_neighbour",
        "_outlets",
        "_parent",
        "_points",
        "_span",
        "_told",
        "answer",
        "content",
        "context",
        "ended",
        "marks",
        "settle",
    )

    def __init__(self, outlets: Outlets, name: str, attributes: Attributes, points: Points, origin: Origin) -> None:
        self._outlets, self._points = outlets, points
        self._name, self._asked = name, attributes
        self._parent, self._neighbour, _ = origin
        self._first_chunk: float | None = None
        self.answer = Answer()
        self.marks: list[float] = []
        """The clock's reading at each chunk since the last `flush_marks`."""
        self.content: CapturedContent | None = None
        self._told = NOTHING
        """What a neighbour was told before the end."""
        self.ended = False
        self.settle: Settle | None = None
        """Who may still learn what the call cost, where its stream does not tell."""
        self._began_wall = time.time_ns()
        self._began = self._last_seen = clock()
        if self._neighbour is None:
            self._open_span()
        else:
            self._span, self.context = self._neighbour.span, self._parent
            self._tell(self._neighbour, attributes)
            self._neighbour.join()

    def _open_span(self) -> None:
        self._span = self._outlets.tracer.start_span(
            self._name, self._parent, SpanKind.CLIENT, self._asked, start_time=self._began_wall
        )
        self.context = trace.set_span_in_context(self._span, self._parent)

    @property
    def is_recording(self) -> bool:
        """Whether the span is sampled, and so whether a tracer provider is there."""
        return self._span.is_recording()

    @property
    def joins(self) -> bool:
        """Whether the span is a neighbour's."""
        return self._neighbour is not None

    @property
    def span_context(self) -> SpanContext:
        """Of its span, or its neighbour's."""
        return self._span.get_span_context()

    @property
    def has_chunks(self) -> bool:
        """Whether a chunk has come."""
        return bool(self.marks) or self._first_chunk is not None

    def hand_over(self) -> None:
        """The response is in the caller's hands: what was last seen of it are its headers."""
        self._last_seen = clock()

    def tell_neighbour(self) -> None:
        """Tell a neighbour what is known of the answer, before the end and once."""
        if self._neighbour is not None and not self._told and self.is_recording:
            found = response_attributes(self.answer)
            self._tell(self._neighbour, found)
            self._told = found
            if self._outlets.dialect:
                self._translate()

    def flush_marks(self) -> None:
        """Record the gaps between the chunks marked so far, and forget them.

        A point costs more than anything else that is done for a chunk, and each of its attributes adds a tenth to
        that. So points wait until the stream ends or the marks are many, and carry only what tells speeds apart.
        """
        if not self.marks:
            return
        marks, self.marks[:] = self.marks[:], ()
        before, self._last_seen = self._last_seen, marks[-1]
        if self._first_chunk is None:
            self._first_chunk = before = marks.pop(0)
        gaps = [mark - previous for previous, mark in zip([before, *marks], marks, strict=False)]
        self._points.record_gaps(gaps, self.answer, self.context)

    def end(self, error: BaseException | None = None, *, left: bool = False, at: float | None = None) -> None:
        """Close the span and record the metrics; the first end counts.

        Args:
            error: what the call raised.
            left: the caller left the stream before its end.
            at: the clock's reading at the end; now where it is not given.
        """
        if self.ended:
            return
        self.ended = True
        at = clock() if at is None else at
        lost = left and self.answer.usage is None and self.answer.failure is None
        failure = self._failure(error) if error is not None or self.answer.failure is not None else None
        if self.settle is not None:
            # The exception itself is not kept: it holds the frames of the caller.
            finish = partial(self._finish, failure, lost, at, error is not None)
            if self.settle(self.answer, finish):
                if self._neighbour is not None:
                    self._neighbour.leave()
                return
        self._finish(failure, lost, at, error is not None)

    def _finish(self, failure: Failure | None, lost: bool, at: float, was_raised: bool) -> None:
        """Record all there is to record, and close the span as of *at*."""
        try:
            self._record(failure, lost, at, was_raised)
        finally:
            if self._neighbour is not None:
                self._neighbour.leave()
            else:
                self._span.end(self._began_wall + int((at - self._began) * 1e9))

    def end_when_last_seen(self) -> None:
        """End a stream that nobody reads any more, as of its last chunk, or of its headers where it was never read."""
        self.end(left=True, at=self.marks[-1] if self.marks else self._last_seen)

    def _record(self, failure: Failure | None, lost: bool, at: float, was_raised: bool) -> None:
        self.flush_marks()
        answer = self.answer
        found: dict[str, Any] = response_attributes(answer)
        if failure is not None:
            found.update(failure.attributes())
        is_known = self._told or (lost and answer.usage is None)  # or there is nothing to know
        if self._neighbour is not None and self._neighbour.has_ended and not is_known:
            self._step_out(self._neighbour)
        first = None if self._first_chunk is None else self._first_chunk - self._began
        self._points.record_end(found, answer, at - self._began, first, self.context)
        is_plain = self.content is None and self._neighbour is None
        if is_plain and not self._span.is_recording():
            return
        if first is not None:
            found[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = first
        if answer.first_token is not None:
            found[names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN] = answer.first_token - self._began
        if lost:
            found[names.OPENROUTER_STREAM_CANCELLED] = True
        if is_plain:
            self._span.set_attributes(found)
        else:
            self._say(found)
        if self._outlets.dialect:
            self._translate()
        self._outlets.link(self._span, answer.id)
        # A neighbour sees what is raised, and may know better what came of it.
        if failure is not None and (self._neighbour is None or not was_raised):
            self._span.set_status(Status(StatusCode.ERROR, failure.message))

    @guarded
    def _failure(self, error: BaseException | None) -> Failure | None:
        # What the wire told comes first: the SDK may stumble over it later, with an exception of its own.
        failure = self.answer.failure
        if failure is None and error is not None:
            failure = failure_of(error)
        if failure is not None and self.answer.provider is None:
            self.answer.provider = failure.provider
        return failure

    def _say(self, found: dict[str, Any]) -> None:
        """Tell all, with the content, on whose span it may be."""
        content, neighbour = self.content, self._neighbour
        said = content.complete() if content is not None else {}
        told = {**found, **as_json(said)} if content is not None and content.on_span and self.is_recording else found
        if neighbour is None:
            self._span.set_attributes(told)
        else:
            self._tell(neighbour, told)
        if (
            content is not None
            and content.on_event
            and (neighbour is None or names.EVENT_DETAILS not in neighbour.records)
        ):
            self._outlets.emit({**self._asked, **found, **said}, self.context)

    @guarded
    def _translate(self) -> None:
        if not self.is_recording:
            return
        words = self._outlets.words(self._span, self._began_wall)
        if self._neighbour is None:
            self._span.set_attributes(words)
        else:
            self._neighbour.translate(words)

    def _tell(self, neighbour: Neighbour, found: dict[str, Any]) -> None:
        news = {name: value for name, value in found.items() if self._told.get(name) != value}
        neighbour.tell(news, self._points.attributes(self.answer))

    def _step_out(self, neighbour: Neighbour) -> None:
        """Open a span after all: the neighbour ended its own before this call told what it used and cost."""
        neighbour.leave()
        self._neighbour = None
        self._points.take_over(neighbour.unfinished)
        self._open_span()

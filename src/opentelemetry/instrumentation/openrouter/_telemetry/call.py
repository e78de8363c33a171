"""One call from its start to its one end: its span, and the metrics and the event that are recorded of it, once.

`_wire` gives plain attributes; the clients report chunks and the end. Nothing here knows an SDK.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext

from .. import attributes as names
from .._guard import guarded
from .._wire.errors import ErrorInfo, error_from_exception
from .._wire.fields import Attributes
from .._wire.response import ResponseRecord, mark_unfinished, response_attributes
from .call_context import CallContext
from .captured_content import CapturedContent, as_json
from .chunk_timer import ChunkTimer, clock
from .enclosing_span import EnclosingSpan
from .metrics import CallMetrics
from .own_span import OwnSpan
from .recorder import Recorder

Settle: TypeAlias = Callable[[ResponseRecord, Callable[[], None]], bool]
"""Receives the record and a `finish` callback; returns True if it will call `finish` once, from another thread."""


class Call:
    """One call. The client's functions fold the response into `record`, and chunk times into `timer`."""

    __slots__ = (
        "_has_open_response",
        "_metrics",
        "_name",
        "_parent",
        "_recorder",
        "_settle",
        "_start_attributes",
        "_start_ns",
        "_target",
        "content",
        "ended",
        "on_end",
        "record",
        "timer",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - all that is known at the start
        self,
        recorder: Recorder,
        name: str,
        attributes: Attributes,
        metrics: CallMetrics,
        context: CallContext,
        settle: Settle | None,
    ) -> None:
        self._recorder, self._metrics = recorder, metrics
        self._name, self._start_attributes = name, attributes
        self._parent, enclosing, _ = context
        self._settle, self._has_open_response, self.ended = settle, False, False
        self.record = ResponseRecord()
        self.content: CapturedContent | None = None
        self.on_end: Callable[[], None] | None = None
        """Called once, when the call has been recorded."""
        self._start_ns = time.time_ns()
        self.timer = ChunkTimer()
        self._target: OwnSpan | EnclosingSpan
        if enclosing is None:
            self._target = self._start_own_span()
        else:
            self._target = enclosing
            enclosing.set(attributes, self._metric_attributes)
            enclosing.acquire()

    def _start_own_span(self) -> OwnSpan:
        return OwnSpan(self._recorder.tracer, self._name, self._start_attributes, self._parent, self._start_ns)

    @property
    def context(self) -> Context:
        """The context in which the request is sent."""
        return self._target.context

    @property
    def is_recording(self) -> bool:
        """Whether the span is sampled, and so whether a tracer provider is set."""
        return self._target.span.is_recording()

    @property
    def has_enclosing_span(self) -> bool:
        """Whether the span is another instrumentation's."""
        return isinstance(self._target, EnclosingSpan)

    @property
    def span_context(self) -> SpanContext:
        """The ids of the span."""
        return self._target.span.get_span_context()

    def response_started(self) -> None:
        """The caller has an open response."""
        self._has_open_response = True
        self.timer.response_started()

    def update_enclosing_span(self) -> None:
        """Set the response's attributes on the enclosing span before the call's end, once."""
        target = self._target
        if isinstance(target, EnclosingSpan) and not target.was_updated and self.is_recording:
            target.set(response_attributes(self.record), self._metric_attributes)
            target.was_updated = True
            if self._recorder.dialect:
                self._set_dialect_attributes()

    def record_gaps(self) -> None:
        """Record the gaps between the chunks that have arrived.

        Recording a point costs more than all other work for a chunk, and each of its attributes adds a tenth to that.
        So the gaps wait until the stream ends or they are many, and carry only the attributes that distinguish speeds.
        """
        gaps = self.timer.take_gaps()
        if gaps:
            self._metrics.record_gaps(gaps, self.record, self.context)

    def end(self, error: BaseException | None = None, *, abandoned: bool = False, at: float | None = None) -> None:
        """End the span and record the metrics; only the first end counts.

        Args:
            error: the exception that the call raised.
            abandoned: the caller left the stream before its end.
            at: the clock's reading at the end; now if None.
        """
        if self.ended:
            return
        self.ended = True
        at = clock() if at is None else at
        record = self.record
        usage_unknown = abandoned and record.usage is None and record.error is None
        info = self._error_info(error) if error is not None or record.error is not None else None
        if self._settle is not None and self._has_open_response:
            # The exception itself is not kept: it refers to the frames of the caller.
            finish = partial(self._finish, info, usage_unknown, at, error is not None)
            if self._settle(record, finish):
                self._target.release()
                return
        self._finish(info, usage_unknown, at, error is not None)

    def end_at_last_activity(self) -> None:
        """End a stream that is not read any more, as of its last chunk, or of its headers if there is none."""
        self.end(abandoned=True, at=self.timer.last_seen)

    def _finish(self, error: ErrorInfo | None, usage_unknown: bool, at: float, was_raised: bool) -> None:
        """Record everything, and end the span as of *at*."""
        try:
            if error is not None or usage_unknown:
                mark_unfinished(self.record, self._start_attributes.get(names.GEN_AI_REQUEST_CHOICE_COUNT))
            self._record(error, usage_unknown, at, was_raised)
        finally:
            self._target.end(self._start_ns + int((at - self.timer.start) * 1e9))
            if self.on_end is not None:
                self.on_end()

    def _record(self, error: ErrorInfo | None, usage_unknown: bool, at: float, was_raised: bool) -> None:
        self.record_gaps()
        record, start = self.record, self.timer.start
        attributes: dict[str, Any] = response_attributes(record)
        if error is not None:
            attributes.update(error.attributes())
        enclosing, has_usage = self._target, not usage_unknown or record.usage is not None
        if isinstance(enclosing, EnclosingSpan) and enclosing.has_ended and has_usage and not enclosing.was_updated:
            self._replace_enclosing_span(enclosing)
        first_chunk = self.timer.seconds_to_first_chunk
        self._metrics.record_end(attributes, record, at - start, first_chunk, self.context)
        if self.content is None and not self._target.accepts_attributes:
            return
        if first_chunk is not None:
            attributes[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = first_chunk
        if record.first_token is not None:
            attributes[names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN] = record.first_token - start
        if usage_unknown:
            attributes[names.OPENROUTER_STREAM_CANCELLED] = True
        if self.content is None:
            self._target.set(attributes, self._metric_attributes)
        else:
            self._set_attributes_with_content(attributes, self.content)
        if self._recorder.dialect:
            self._set_dialect_attributes()
        self._recorder.add_link(self._target.span, record.id)
        if error is not None:
            self._target.set_error(error.message, was_raised=was_raised)

    @guarded
    def _error_info(self, error: BaseException | None) -> ErrorInfo | None:
        # The error on the wire comes first: the SDK may fail because of it later, with an exception of its own.
        info = self.record.error
        if info is None and error is not None:
            info = error_from_exception(error, has_response=bool(self.record.finish_reasons))
        if info is not None and self.record.provider is None:
            self.record.provider = info.provider
        return info

    def _set_attributes_with_content(self, attributes: dict[str, Any], captured: CapturedContent) -> None:
        content = captured.complete()
        on_span = captured.on_span and self.is_recording
        self._target.set({**attributes, **as_json(content)} if on_span else attributes, self._metric_attributes)
        if captured.on_event and names.EVENT_DETAILS not in self._target.recorded_metrics:
            self._recorder.emit_event({**self._start_attributes, **attributes, **content}, self.context)

    @guarded
    def _set_dialect_attributes(self) -> None:
        if self.is_recording:
            self._target.set_dialect(self._recorder.dialect_attributes(self._target.snapshot(self._start_ns)))

    def _metric_attributes(self) -> Attributes:
        return self._metrics.metric_attributes(self.record)

    def _replace_enclosing_span(self, enclosing: EnclosingSpan) -> None:
        """Start an own span after all: the enclosing one ended before the response's attributes could be set."""
        enclosing.release()
        self._metrics.resume(enclosing.orphaned_metrics)
        self._target = self._start_own_span()

"""The only file that speaks OpenTelemetry: `start(...)` opens a span, `Call.end(...)` closes it and records, once.

What is recorded comes from the floors below as plain attributes; what the SDK and its streams do is not known here.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import trace
from opentelemetry._logs import Logger, LogRecord
from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from . import attributes as names
from ._content import CapturedContent, as_json
from ._errors import failure_of
from ._instruments import Instruments
from ._operations import Operation
from ._response import Answer, response_attributes
from ._settings import Settings
from ._wire import Attributes

clock = time.perf_counter
"""The clock of all durations; the wall clock is read once a call, so that it may go backwards."""


class Recorder:
    """Where one `instrument()` records: a tracer, a logger, the instruments."""

    def __init__(self, tracer: Tracer, meter: Meter, logger: Logger, settings: Settings) -> None:
        self.tracer, self.logger, self.capture = tracer, logger, settings.capture
        self._metric_attributes = settings.metric_attributes
        self.instruments = Instruments(meter)

    def start(
        self,
        operation: Operation,
        server: Attributes,
        request: Attributes,
        body: Mapping[str, object],
        parent: Context,
    ) -> "Call":
        """Open the span of one call, with everything that its request tells, so that samplers see it.

        Args:
            operation: what kind of call it is.
            server: `server.address` and `server.port`.
            request: the attributes of the request.
            body: the request itself; looked at only where content is captured.
            parent: the caller's context.
        """
        name = operation.name
        model = request.get(names.GEN_AI_REQUEST_MODEL)
        point: Attributes = {names.GEN_AI_OPERATION_NAME: name, names.GEN_AI_PROVIDER_NAME: "openrouter"}
        attributes = {**point, **server, **operation.implied, **request}
        if model is not None:
            point[names.GEN_AI_REQUEST_MODEL] = model
            name = f"{name} {model}"
        for chosen in self._metric_attributes:
            if chosen in request:
                point[chosen] = request[chosen]
        call = Call(self, name, attributes, point, server, parent)
        if self.capture is not None and (self.capture.on_event or call.is_recording):
            call.content = CapturedContent(self.capture, operation, body, call.answer)
            call.asked = attributes
        return call


class Call:
    """One call from its start to its one end. `answer` and `marks` are filled by whoever reads the response."""

    __slots__ = (
        "_began",
        "_began_wall",
        "_first_chunk",
        "_last_seen",
        "_point",
        "_recorder",
        "_server",
        "_span",
        "answer",
        "asked",
        "content",
        "context",
        "ended",
        "marks",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - called in one place, by `Recorder.start`
        self,
        recorder: Recorder,
        name: str,
        attributes: Attributes,
        point: Attributes,
        server: Attributes,
        parent: Context,
    ) -> None:
        self._recorder, self._point, self._server = recorder, point, server
        self._first_chunk: float | None = None
        self.answer = Answer()
        self.marks: list[float] = []
        """The clock's reading at each chunk since the last `flush_marks`."""
        self.content: CapturedContent | None = None
        self.asked: Attributes = {}
        self.ended = False
        self._began_wall = time.time_ns()
        self._began = self._last_seen = clock()
        self._span = recorder.tracer.start_span(name, parent, SpanKind.CLIENT, attributes, start_time=self._began_wall)
        self.context = trace.set_span_in_context(self._span, parent)

    @property
    def is_recording(self) -> bool:
        """Whether the span is sampled, and so whether a tracer provider is there."""
        return self._span.is_recording()

    @property
    def has_chunks(self) -> bool:
        """Whether a chunk has come."""
        return bool(self.marks) or self._first_chunk is not None

    def hand_over(self) -> None:
        """The response is in the caller's hands: what was last seen of it are its headers."""
        self._last_seen = clock()

    def flush_marks(self) -> None:
        """Record the gaps between the chunks marked so far, and forget them.

        A point costs more than anything else that is done for a chunk, and each of its attributes adds a tenth to
        that. So points wait until the stream ends or the marks are many, and carry only what tells speeds apart.
        The longest gap is recorded as an exemplar of this call, the others outside any span.
        """
        if not self.marks:
            return
        marks, self.marks[:] = self.marks[:], ()
        before, self._last_seen = self._last_seen, marks[-1]
        if self._first_chunk is None:
            self._first_chunk = before = marks.pop(0)
        gaps = [mark - previous for previous, mark in zip([before, *marks], marks, strict=False)]
        if gaps:
            record, point = self._recorder.instruments.chunk_gap.record, self._upstream_point()
            record(gaps.pop(gaps.index(max(gaps))), point, self.context)
            for gap in gaps:
                record(gap, point, _NO_SPAN)

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
        try:
            self._finish(error, left, at)
        finally:
            self._span.end(self._began_wall + int((at - self._began) * 1e9))

    def end_when_last_seen(self) -> None:
        """End a stream that nobody reads any more, as of its last chunk, or of its headers where it was never read."""
        self.end(left=True, at=self.marks[-1] if self.marks else self._last_seen)

    def _finish(self, error: BaseException | None, left: bool, at: float) -> None:
        self.flush_marks()
        answer = self.answer
        # What the wire told comes first: the SDK may stumble over it later, with an exception of its own.
        failure = answer.failure
        if failure is None and error is not None:
            failure = failure_of(error)
        if failure is not None and answer.provider is None:
            answer.provider = failure.provider
        found: dict[str, Any] = response_attributes(answer)
        if failure is not None:
            found.update(failure.attributes())
        self._record_points(found, at - self._began)
        content, recording = self.content, self._span.is_recording()
        if content is None and not recording:
            return
        self._add_times(found)
        if left and answer.usage is None:
            found[names.OPENROUTER_STREAM_CANCELLED] = True
        said = content.complete() if content is not None else {}
        if recording:
            self._span.set_attributes({**found, **as_json(said)} if content is not None and content.on_span else found)
            if failure is not None:
                self._span.set_status(Status(StatusCode.ERROR, failure.message))
        if content is not None and content.on_event:
            self._emit({**self.asked, **found, **said})

    def _add_times(self, found: dict[str, Any]) -> None:
        if self._first_chunk is not None:
            found[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = self._first_chunk - self._began
        if self.answer.first_token is not None:
            found[names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN] = self.answer.first_token - self._began

    def _emit(self, attributes: dict[str, Any]) -> None:
        now, name = time.time_ns(), names.EVENT_DETAILS
        record = LogRecord(timestamp=now, context=self.context, event_name=name, attributes=attributes)
        self._recorder.logger.emit(record)

    def _record_points(self, found: dict[str, Any], seconds: float) -> None:
        # Each point has a dict of its own: older SDKs keep the very one they are given.
        instruments, point, context = self._recorder.instruments, self._upstream_point(), self.context
        if self.answer.model is not None:
            point[names.GEN_AI_RESPONSE_MODEL] = self.answer.model
        for kind, name in _TOKEN_TYPES:
            if name in found:
                instruments.tokens.record(found[name], {**point, names.GEN_AI_TOKEN_TYPE: kind}, _NO_SPAN)
        if self._first_chunk is not None:
            instruments.first_chunk.record(self._first_chunk - self._began, {**point, **self._server}, context)
        if names.ERROR_TYPE in found:
            point = {**point, names.ERROR_TYPE: found[names.ERROR_TYPE]}
        if names.GEN_AI_USAGE_COST in found:
            instruments.cost.record(found[names.GEN_AI_USAGE_COST], point, context)
        instruments.duration.record(seconds, {**point, **self._server}, context)

    def _upstream_point(self) -> Attributes:
        point = self._point.copy()
        answer = self.answer
        if answer.provider is not None:
            point[names.OPENROUTER_PROVIDER_NAME] = answer.provider
        if names.OPENROUTER_CACHE_STATUS in answer.facts:  # what cost nothing because it was cached is not free
            point[names.OPENROUTER_CACHE_STATUS] = answer.facts[names.OPENROUTER_CACHE_STATUS]
        return point


_TOKEN_TYPES: Final = (("input", names.GEN_AI_USAGE_INPUT_TOKENS), ("output", names.GEN_AI_USAGE_OUTPUT_TOKENS))

# A context without a span, so that a point is no exemplar. An empty context would not do: it is false, and the SDK
# would take the current one (opentelemetry/sdk/metrics/_internal/instrument.py, Histogram.record).
_NO_SPAN: Final = Context({"opentelemetry.instrumentation.openrouter": "no span"})

"""Tracks open streaming responses until they are exhausted, closed, garbage-collected, or the interpreter exits.

Nothing here knows an SDK's streams: `streams` observes them and reports to `OpenResponse`.
"""

import atexit
import os
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from .._api.settlement import Settlement
from .._guard import guarded
from .._operations import Operation
from .._telemetry.call import Call
from .._telemetry.chunk_timer import clock
from .._wire.errors import EMPTY_RESPONSE
from .._wire.response import fold_headers


class OpenResponses:
    """The registry of open responses, so that every call ends."""

    def __init__(self, settlement: Settlement | None) -> None:
        self._settlement = settlement
        self._open: dict[int, OpenResponse] = {}
        # Weak references whose response was collected. A finaliser may run on any line of any thread, also while the
        # telemetry SDK holds a lock, so it must not record anything: the callback is this deque's own `append`, and
        # the calls end at the next safe moment.
        self.collected: deque[weakref.ref[Any]] = deque()
        self._exit_handlers: set[bool] = set()

    def track(self, response: Any, call: Call, operation: Operation) -> "OpenResponse":
        """Keep *call* open until *response*, the HTTP library's, is read, closed or collected."""
        call.response_started()
        opened = OpenResponse(response, call, operation, self._open, self.collected.append)
        self._open[opened.key] = opened
        self._end_at_exit(call)
        return opened

    @guarded
    def end_collected(self) -> None:
        """End the calls whose responses were collected; called where recording is safe."""
        while True:  # popping until empty: another thread may take the last one
            try:
                reference = self.collected.popleft()
            except IndexError:
                return
            opened = self._open.get(id(reference))
            if opened is not None:
                opened.end_at_last_activity()

    @guarded
    def end_all(self) -> None:
        """End all open calls: the interpreter exits."""
        for opened in list(self._open.values()):
            opened.end_at_last_activity()
        if self._settlement is not None:
            self._settlement.flush()

    def _end_at_exit(self, call: Call) -> None:
        # Exit handlers run last in, first out, and the providers flush in theirs. So this one is registered when a
        # span is recorded for the first time, which is after its provider was set; and at the first call of all, for
        # metrics alone.
        if call.is_recording not in self._exit_handlers:
            self._exit_handlers.add(call.is_recording)
            atexit.unregister(self.end_all)
            atexit.register(self.end_all)


class OpenResponse:
    """An open response, referenced weakly, and its call. Nothing here may refer strongly to the response."""

    __slots__ = (
        "__weakref__",
        "_headers",
        "_overrides",
        "_process",
        "_registry",
        "_response",
        "_status",
        "call",
        "is_reading",
        "iterator",
        "operation",
    )

    def __init__(
        self,
        response: Any,
        call: Call,
        operation: Operation,
        registry: "dict[int, OpenResponse]",
        on_collected: Callable[[weakref.ref[Any]], None],
    ) -> None:
        self.call, self.operation = call, operation
        self._response: weakref.ref[Any] = weakref.ref(response, on_collected)
        self._headers, self._status, self._process = response.headers, response.status_code, os.getpid()
        self._registry = registry
        self._overrides: list[tuple[str, int]] = []
        """The names of the methods that are overridden on the response, and the ids of the overriding functions."""
        self.iterator: weakref.ref[Any] | None = None
        """The generator that wraps the stream's iterator, once the stream was made."""
        self.is_reading = False
        """The caller is in the response's `read`, which closes the response before it returns."""

    @property
    def key(self) -> int:
        """The key in the registry; the weak reference's callback knows it too."""
        return id(self._response)

    def override(self, response: Any, **methods: Callable[..., Any]) -> None:
        """Override methods of the response, on the instance, until the call has ended."""
        own: dict[str, Any] = response.__dict__
        # A method that another library has overridden is called by ours, and could not be restored.
        self._overrides.extend((name, id(method)) for name, method in methods.items() if name not in own)
        own.update(methods)

    @guarded
    def read(self, content: bytes) -> None:
        """The caller has read the whole body outside a stream."""
        self.operation.fold_bytes(self.call.record, content, self._status)
        self._end()

    @guarded
    def exhausted(self, body: bytes | bytearray = b"", *, is_stream: bool = True) -> None:
        """The iterator is exhausted.

        Args:
            body: the JSON that it yielded: the whole response, or an error in place of events.
            is_stream: the caller expects events, so that a response without any is empty, whatever *body* holds.
        """
        if self.is_reading:  # `read` uses the same iterator, and reports the whole body
            return
        record = self.call.record
        if not self.call.timer.has_chunks:
            self.operation.fold_bytes(record, body, self._status)
            if is_stream:
                record.error = record.error or EMPTY_RESPONSE
        elif is_stream:
            self.operation.fold_end(record)
        self._end()

    @guarded
    def failed(self, error: BaseException, event: object = None) -> None:
        """Reading raised *error*, perhaps because of an error *event* in the stream."""
        if event is not None:
            self.operation.fold_error_event(self.call.record, event, clock())
        self._end(error, abandoned=not isinstance(error, Exception))

    @guarded
    def closed(self, response: Any) -> None:
        """`response.close` was called: by the caller, by the HTTP library at the end of the body, or by a finaliser."""
        iterator = self.iterator() if self.iterator is not None else None
        is_running = getattr(iterator, "gi_running", False) or getattr(iterator, "ag_running", False)
        if self.is_reading or is_running:  # the reader reports the end
            return
        if self._response() is None:  # closed by a finaliser: `end_collected` ends the call
            self._restore(response)
        else:
            self._end(abandoned=self.iterator is not None or not response.is_stream_consumed)

    def update_enclosing_span(self) -> None:
        """The usage has arrived. The enclosing instrumentation may end its span as soon as it sees this chunk."""
        fold_headers(self.call.record, self._headers)
        self.call.update_enclosing_span()

    def end_at_last_activity(self) -> None:
        """End the call of a response that is not read any more, as of its last chunk."""
        if self._registry.pop(self.key, None) is not None and self._process == os.getpid():
            fold_headers(self.call.record, self._headers)
            self.call.end_at_last_activity()

    def _end(self, error: BaseException | None = None, *, abandoned: bool = False) -> None:
        if self._registry.pop(self.key, None) is not None:
            self._restore(self._response())
            fold_headers(self.call.record, self._headers)
            self.call.end(error, abandoned=abandoned)

    def _restore(self, response: Any) -> None:
        """Remove the overrides: they make a reference cycle with the response, and prevent pickling it."""
        own: dict[str, Any] = getattr(response, "__dict__", {})
        for name, override in self._overrides:
            if id(own.get(name)) == override:
                del own[name]

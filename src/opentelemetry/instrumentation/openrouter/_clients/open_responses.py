"""Tracks open streaming responses until they are exhausted, closed, dropped, or the interpreter exits.

Nothing here knows an SDK's streams: `streams` observes them and reports to `OpenResponse`.
"""

import atexit
from collections.abc import Callable, Iterable
from typing import Any

from .._api.settlement import Settlement
from .._guard import guarded
from .._operations import Operation
from .._telemetry.call import Call
from .._telemetry.chunk_timer import clock
from .._telemetry.flush_hooks import FlushHooks
from .._wire.errors import EMPTY_RESPONSE
from .._wire.response import fold_headers
from .drop_watcher import WATCHER, DropReference


class OpenResponses:
    """The open responses of one `instrument()`, so that every call ends, and ends before a provider is flushed."""

    def __init__(self, settlement: Settlement | None, providers: Callable[[], Iterable[Any]]) -> None:
        """Prepare the hooks.

        Args:
            settlement: fetches the cost of calls that end without it.
            providers: returns the telemetry providers that are used now.
        """
        self._settlement = settlement
        self._flush_hooks = FlushHooks(providers, self._before_flush)
        self._exit_handlers: set[bool] = set()
        self._is_closed = False

    def track(self, response: Any, call: Call, operation: Operation, head: Any = None) -> "OpenResponse":
        """Keep *call* open until *response*, the HTTP library's, is read, closed or dropped.

        *head* has its `headers` and its `status_code`, if they are not its own.
        """
        self.end_before_flush(call)
        opened = OpenResponse(response, head or response, call, operation, self)
        WATCHER.add(opened)
        return opened

    def end_before_flush(self, call: Call) -> None:
        """*call* may end after the client has returned, perhaps settled: it ends before a provider is flushed."""
        call.response_started()
        self._flush_hooks.install()
        self._end_at_exit(call)

    @property
    def is_empty(self) -> bool:
        """Whether no response of this `instrument()` is open."""
        return not any(isinstance(opened, OpenResponse) and opened.responses is self for opened in WATCHER)

    @guarded
    def end_all(self) -> None:
        """End all open calls: the interpreter exits."""
        WATCHER.end_dropped()
        for opened in WATCHER:
            opened.end_at_last_activity()
        if self._settlement is not None:
            self._settlement.flush()

    def close(self) -> None:
        """End the dropped calls and settle the pending ones; responses that are still open end as before."""
        self._is_closed = True
        WATCHER.end_dropped()
        if self._settlement is not None:
            self._settlement.close()
        self._remove_hooks_if_empty()

    def _before_flush(self) -> None:
        WATCHER.end_dropped()
        if self._settlement is not None:
            self._settlement.flush()
        if self._is_closed:
            self._remove_hooks_if_empty()

    def _remove_hooks_if_empty(self) -> None:
        if self.is_empty:
            self._flush_hooks.remove()

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
        "_has_only_reader",
        "_headers",
        "_iterator",
        "_overrides",
        "_response",
        "_status",
        "call",
        "find_reader_error",
        "has_started",
        "is_reading",
        "operation",
        "responses",
    )

    def __init__(self, response: Any, head: Any, call: Call, operation: Operation, responses: OpenResponses) -> None:
        self.call, self.operation, self.responses = call, operation, responses
        self._response: DropReference | None = WATCHER.reference(response, self)
        self._headers, self._status = head.headers, head.status_code
        self._overrides: list[tuple[str, int]] = []
        """The names of the methods that are overridden on the response, and the ids of the overriding functions."""
        self._iterator: DropReference | None = None
        """The generator that wraps the iterator of the stream or of the body, once there is one."""
        self._has_only_reader = False
        self.find_reader_error: Callable[[], BaseException | None] | None = None
        """Returns the error of a reader between the stream and the caller, if it closes the response now."""
        self.has_started = False
        """The caller has begun to read the wrapped iterator."""
        self.is_reading = False
        """The caller is in the response's `read`, which closes the response before it returns."""

    def set_iterator(self, iterator: Any, *, is_only_reader: bool = False) -> None:
        """Watch the generator through which the caller reads the body.

        The HTTP library's response is part of a reference cycle, which waits for the garbage collector. The generator
        is not, so it is finalised as soon as the caller drops it.

        Args:
            iterator: a generator of `streams`.
            is_only_reader: the caller cannot get another one, as from a response.
        """
        self._iterator, self._has_only_reader = WATCHER.reference(iterator, self), is_only_reader

    def is_dropped(self) -> bool:
        """Whether the caller can read the body no more: a body that an iterator has begun cannot be begun again."""
        if self._response is not None and self._response() is None:
            return True
        # `read` drops its iterator before it reports the whole body.
        return not self.is_reading and self._has_dropped_iterator() and (self.has_started or self._has_only_reader)

    def _has_dropped_iterator(self) -> bool:
        return self._iterator is not None and self._iterator() is None

    def override(self, response: Any, **methods: Callable[..., Any]) -> None:
        """Override methods of the response, on the instance, until the call has ended."""
        own: dict[str, Any] = response.__dict__
        # A method that another library has overridden is called by ours, and could not be restored.
        self._overrides.extend((name, id(method)) for name, method in methods.items() if name not in own)
        own.update(methods)

    @guarded
    def read(self, content: bytes) -> None:
        """The caller has read the whole body outside a stream: *content*, or events that were observed meanwhile."""
        if self.call.timer.has_chunks:
            self.operation.fold_end(self.call.record)
        elif self.call.record.error is None:
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
        else:
            self.operation.fold_end(record)
        self._end()

    @guarded
    def failed(self, error: BaseException, event: object = None) -> None:
        """Reading raised *error*, perhaps because of an error *event* in the stream."""
        if event is not None:
            self.operation.fold_error_event(self.call.record, event, clock())
        self._end(error, abandoned=not isinstance(error, Exception))

    @guarded
    def left(self, error: BaseException | None = None) -> None:
        """The caller left the response before its end: *error* is its cancellation, if that was the reason."""
        self._end(error, abandoned=True)

    @guarded
    def closed(self, response: Any) -> None:
        """`response.close` was called: by the caller, by the HTTP library at the end of the body, or by a finaliser."""
        iterator = self._iterator() if self._iterator is not None else None
        is_running = getattr(iterator, "gi_running", False) or getattr(iterator, "ag_running", False)
        if self.is_reading or is_running:  # the reader reports the end
            return
        if self.is_dropped():  # perhaps closed by a finaliser: the watcher ends the call
            self._restore(response)
            return
        error = None if self.find_reader_error is None else self.find_reader_error()
        if error is not None:
            self.failed(error)
        else:
            self._end(abandoned=self._iterator is not None or not response.is_stream_consumed)

    def update_enclosing_span(self) -> None:
        """The usage has arrived. The enclosing instrumentation may end its span as soon as it sees this chunk."""
        fold_headers(self.call.record, self._headers)
        self.call.update_enclosing_span()

    def end_at_last_activity(self) -> None:
        """End the call of a response that is not read any more, as of its last chunk."""
        if WATCHER.claim(self):
            self._forget_response()
            self.call.end_at_last_activity()

    def _end(self, error: BaseException | None = None, *, abandoned: bool = False) -> None:
        if WATCHER.claim(self):
            self._forget_response()
            self.call.end(error, abandoned=abandoned)

    def _forget_response(self) -> None:
        self._restore(None if self._response is None else self._response())
        # A weak reference that is dropped before its target puts nothing on the watcher's queue.
        self._response = self._iterator = None
        fold_headers(self.call.record, self._headers)

    def _restore(self, response: Any) -> None:
        """Remove the overrides: they make a reference cycle with the response, and prevent pickling it."""
        own: dict[str, Any] = getattr(response, "__dict__", {})
        for name, override in self._overrides:
            if id(own.get(name)) == override:
                own.pop(name, None)  # the watcher's thread and a finaliser may be here at once

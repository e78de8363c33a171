"""The calls whose responses are in their callers' hands, and the end of each: read, closed, gone, or interpreter exit.

What an SDK stream is, is not known here; `_streams` listens and tells.
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
from .._telemetry.call import Call, clock
from .._wire.errors import EMPTY_RESPONSE
from .._wire.response import fold_headers


class OpenResponses:
    """The calls whose responses are in their callers' hands, so that none is lost."""

    def __init__(self, settlement: Settlement | None) -> None:
        self._settlement = settlement
        self._open: dict[int, Hold] = {}
        # Responses that died unread. A finaliser may run on any line of any thread, also inside a lock of the
        # telemetry SDK, so nothing may be recorded there: the weak reference's callback is this deque's own
        # `append`, and the calls end at the next safe moment.
        self.dead: deque[Any] = deque()
        self._exits: set[bool] = set()

    def hold(self, response: Any, call: Call, operation: Operation) -> "Hold":
        """Keep *call* until *response* (the HTTP library's) is read, closed or gone."""
        call.hand_over()
        hold = Hold(response, self.dead.append)
        hold.call, hold.operation, hold.siblings = call, operation, self._open
        hold.headers, hold.process = response.headers, os.getpid()
        hold.iterator, hold.reading, hold.stand_ins = None, False, []
        self._open[id(hold)] = hold
        self._end_at_exit(call)
        return hold

    @guarded
    def end_dead(self) -> None:
        """End the calls whose responses are gone; called where it is safe to record."""
        while True:  # not while there are any: another thread may take the last
            try:
                hold = self.dead.popleft()
            except IndexError:
                return
            hold.end_when_last_seen()

    @guarded
    def end_all(self) -> None:
        """End what is still open: the interpreter exits."""
        for hold in list(self._open.values()):
            hold.end_when_last_seen()
        if self._settlement is not None:
            self._settlement.settle_all()

    def _end_at_exit(self, call: Call) -> None:
        # Exit handlers run last in, first out, and providers flush in theirs. So ours is set up when a call records
        # for the first time, which is after its provider was; and at the first call of all, for metrics alone.
        if call.is_recording not in self._exits:
            self._exits.add(call.is_recording)
            atexit.unregister(self.end_all)
            atexit.register(self.end_all)


class Hold(weakref.ref[Any]):
    """An open response, weakly, and its call. Nothing in it may lead back to the response."""

    __slots__ = (
        "__weakref__",
        "call",
        "headers",
        "iterator",
        "operation",
        "process",
        "reading",
        "siblings",
        "stand_ins",
    )

    call: Call
    operation: Operation
    headers: Any
    iterator: "weakref.ref[Any] | None"
    """The generator that stands in for the stream's own, once the stream was made."""
    reading: bool
    """The caller is in the response's `read`, which closes the response before it returns."""
    process: int
    siblings: "dict[int, Hold]"
    stand_ins: list[tuple[str, int]]
    """The names of our methods on the response, and the ids by which they are known."""

    def stand_in(self, response: Any, **methods: Callable[..., Any]) -> None:
        """Put *methods* in place of the response's own, until the call has ended."""
        own: dict[str, Any] = response.__dict__
        # Where a neighbour stands already, its method is called by ours, and could not be put back.
        self.stand_ins.extend((name, id(method)) for name, method in methods.items() if name not in own)
        own.update(methods)

    @guarded
    def read(self, content: bytes) -> None:
        """The whole body was read outside a stream."""
        self.operation.fold_bytes(self.call.answer, content)
        self._end()

    @guarded
    def drained(self, body: bytes | bytearray = b"", *, is_stream: bool = True) -> None:
        """The iterator came to its end.

        Args:
            body: the JSON it brought: the answer, or what came in place of events.
            is_stream: events were to come, so that none is none for the caller, whatever *body* tells.
        """
        if self.reading:  # through the same iterator, for a whole body: `read` tells
            return
        if not self.call.has_chunks:
            self.operation.fold_bytes(self.call.answer, body)
            if is_stream:
                self.call.answer.failure = self.call.answer.failure or EMPTY_RESPONSE
        self._end()

    @guarded
    def failed(self, error: BaseException, event: object = None) -> None:
        """Reading raised. *event* is the event of the stream that told the error, if one did."""
        if event is not None:
            self.operation.fold_error_event(self.call.answer, event, clock())
        self._end(error, left=not isinstance(error, Exception))

    @guarded
    def closed(self, response: Any) -> None:
        """`response.close` was called: by the caller, by the HTTP library at the end of the body, or by a finaliser."""
        iterator = self.iterator() if self.iterator is not None else None
        at_work = self.reading or getattr(iterator, "gi_running", False) or getattr(iterator, "ag_running", False)
        if at_work:  # the end is its to tell
            return
        if self() is None:  # a finaliser closes the response, and the call is among the dead
            self._stand_aside(response)
        else:
            self._end(left=self.iterator is not None or not response.is_stream_consumed)

    def tell_neighbour(self) -> None:
        """The usage has come. A neighbour may end its span as soon as it has seen the chunk that brought it."""
        fold_headers(self.call.answer, self.headers)
        self.call.tell_neighbour()

    def end_when_last_seen(self) -> None:
        """Nobody reads this response any more."""
        if self.siblings.pop(id(self), None) is not None and self.process == os.getpid():
            fold_headers(self.call.answer, self.headers)
            self.call.end_when_last_seen()

    def _end(self, error: BaseException | None = None, *, left: bool = False) -> None:
        if self.siblings.pop(id(self), None) is not None:
            self._stand_aside(self())
            fold_headers(self.call.answer, self.headers)
            self.call.end(error, left=left)

    def _stand_aside(self, response: Any) -> None:
        """Leave the response as it was: what stands in leads to it, which only the collector undoes, and no pickle."""
        own: dict[str, Any] = getattr(response, "__dict__", {})
        for name, stand_in in self.stand_ins:
            if id(own.get(name)) == stand_in:
                del own[name]

"""Ends the calls of dropped responses at once: one daemon thread of the process, started with the first open response.

A finaliser runs on any line of any thread, also while the telemetry SDK holds a lock, so it must not record anything.
It only puts its weak reference on a queue whose `put` is reentrant:
https://docs.python.org/3/library/queue.html#simplequeue-objects
"""

import _queue
import _thread
import contextlib
import os
import queue
import sys
import threading
import weakref
from collections.abc import Iterator
from contextvars import Context
from types import BuiltinFunctionType
from typing import Any, Final, Protocol

from .._guard import guarded

_FLUSH_TIMEOUT: Final = 2.0
"""Seconds that a flush waits for a call that the thread is ending; the thread may need a lock of the flushing one."""
_MAX_WAITING: Final = 32
"""The number of dropped references that wait for the thread; beyond it, the next response helps."""


class Droppable(Protocol):
    """A call that ends when the caller drops its response."""

    def is_dropped(self) -> bool:
        """Whether the caller can read the response no more."""
        ...

    def end_at_last_activity(self) -> None:
        """End the call, if the watcher's `claim` allows it."""
        ...


class DropReference(weakref.ref[Any]):
    """A weak reference that goes onto a queue when its target is dropped. It has the key of what is to be ended."""

    __slots__ = ("key",)

    key: int


class DropWatcher:
    """The open responses of the process, whichever `instrument()` they belong to."""

    def __init__(self) -> None:
        self._open: dict[int, Droppable] = {}
        self._threads: dict[str, _EndingThread] = {}

    def reset_after_fork(self) -> None:
        """Forget everything, as a forked child must: the parent ends its calls, and its thread is not here."""
        self._open, self._threads = {}, {}

    def __iter__(self) -> Iterator[Droppable]:
        """Iterate over what is open now."""
        return iter(list(self._open.values()))

    def add(self, opened: Droppable) -> None:
        """Watch an open response."""
        self._open[id(opened)] = opened
        thread = self._thread()
        if not thread.start() or thread.dropped.qsize() > _MAX_WAITING:
            # There are no threads here, or a busy program drops more than the thread is given time for.
            for reference in thread.take_all():
                self.end_one(reference)

    def reference(self, target: Any, opened: Droppable) -> DropReference:
        """Return a weak reference; when *target* is dropped, the thread asks *opened* whether it is dropped."""
        reference = DropReference(target, self._thread().dropped.put)
        reference.key = id(opened)
        return reference

    def claim(self, opened: Droppable) -> bool:
        """Remove an open response. True for the first caller only: it ends the call."""
        return self._open.pop(id(opened), None) is not None

    @guarded
    def end_dropped(self) -> None:
        """End the calls of all dropped responses; return when they have ended, also those that the thread is ending."""
        ending = self._thread().ending
        is_acquired = ending.acquire(timeout=_FLUSH_TIMEOUT)
        try:
            for opened in self:
                _end_if_dropped(opened)
        finally:
            if is_acquired:
                ending.release()

    def _thread(self) -> "_EndingThread":
        # Made as late as possible, so that it is what gevent or eventlet have patched; `setdefault` is atomic.
        return self._threads.get("") or self._threads.setdefault("", _EndingThread(self))

    def end_one(self, reference: DropReference) -> None:
        """End the call of one reference that came from the queue."""
        opened = self._open.get(reference.key)
        if opened is not None:
            _end_if_dropped(opened)


class _EndingThread:
    """The thread, its queue, and the lock that it owns while it ends a call."""

    def __init__(self, watcher: DropWatcher) -> None:
        self._watcher = watcher
        # gevent and eventlet replace `start_new_thread`, and `queue.Queue` with one whose `put` has no lock and never
        # blocks. Where they do not, a real thread needs a real queue: gevent may have replaced `SimpleQueue` alone.
        is_native = isinstance(_thread.start_new_thread, BuiltinFunctionType)
        self.dropped: queue.SimpleQueue[DropReference] | queue.Queue[DropReference]
        self.dropped = _queue.SimpleQueue() if is_native else queue.Queue()
        # Reentrant, because what ends a call may flush a provider.
        self.ending = threading.RLock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> bool:
        """Start the thread unless it runs; return False where no thread can start."""
        if self._thread is not None and self._thread.is_alive():
            return True
        if not self._starting.acquire(blocking=False):  # another thread starts it, and may wait for that
            return True
        try:
            self._thread = threading.Thread(target=self._run, name="openrouter-dropped-responses", daemon=True)
            Context().run(self._thread.start)  # nothing of the caller's context
        except RuntimeError:  # the interpreter exits, or is one that has no daemon threads
            self._thread = None
            return False
        finally:
            self._starting.release()
        return True

    def take_all(self) -> Iterator[DropReference]:
        """Yield what is on the queue now, in place of the thread."""
        with contextlib.suppress(queue.Empty):
            while True:
                yield self.dropped.get_nowait()

    def _run(self) -> None:
        while True:
            reference = self.dropped.get()
            with self.ending:
                self._watcher.end_one(reference)
            del reference


@guarded
def _end_if_dropped(opened: Droppable) -> None:
    if opened.is_dropped():
        opened.end_at_last_activity()


WATCHER: Final = DropWatcher()
if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(after_in_child=WATCHER.reset_after_fork)

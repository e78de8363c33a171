"""Daemon threads that send requests, so that no caller waits beyond its timeout: a blocked one is left behind.

A lookup of a host name, a connect or headers that arrive byte by byte cannot be interrupted. The threads are few, so
that a server which blocks them all only ends further requests early.
"""

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from typing import Final, TypeVar

T = TypeVar("T")

MAX_THREADS: Final = 4


class RequestThreads:
    """At most `MAX_THREADS` threads; one of them waits for the next request."""

    def __init__(self) -> None:
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget the threads: a forked child has none of them."""
        self._changed = threading.Condition()
        self._requests: deque[Callable[[], None]] = deque()
        self._count, self._idle = 0, 0
        self._is_stopped = False

    def start(self) -> None:
        """Start the first thread, unless it runs. No thread can start while the interpreter exits."""
        if not self._count:
            with self._changed, contextlib.suppress(RuntimeError):
                self._add_thread()  # a second one, of a concurrent call, ends at once

    def stop(self) -> None:
        """End the waiting thread; the others end with their request. The next request starts a new one."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def run(self, send: Callable[[], T], timeout: float) -> T:
        """Return what *send* returns on another thread, or raise what it raises.

        Args:
            send: sends a request; its result is ignored if it takes longer than the timeout.
            timeout: seconds.

        Raises:
            TimeoutError: the timeout has passed, or all threads are blocked.
            RuntimeError: no thread runs, and none can start; or *send* raised what is no `Exception`.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._idle <= len(self._requests):
                if self._count >= MAX_THREADS:
                    raise TimeoutError
                self._add_thread()
            self._requests.append(partial(_resolve, future, send))
            self._changed.notify()
        try:
            return future.result(timeout)
        except FutureTimeoutError:  # until Python 3.10 not the built-in class
            raise TimeoutError from None
        finally:
            del future  # an exception refers to this frame, and the future to the exception

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="openrouter-request", daemon=True)
        thread.start()
        self._count += 1
        self._is_stopped = False

    def _work(self) -> None:
        while (request := self._next_request()) is not None:
            request()

    def _next_request(self) -> Callable[[], None] | None:
        """Wait for a request; return None if the thread is to end."""
        with self._changed:
            if self._requests or not self._idle:
                self._idle += 1
                self._changed.wait_for(lambda: self._requests or self._is_stopped)
                self._idle -= 1
                if self._requests:
                    return self._requests.popleft()
            self._count -= 1
            return None


def _resolve(future: "Future[T]", send: Callable[[], T]) -> None:
    try:
        future.set_result(send())
    except BaseException as error:  # an exit that a transport raises on this thread is not the caller's
        future.set_exception(error if isinstance(error, Exception) else RuntimeError(type(error).__qualname__))
        del future  # as above


REQUEST_THREADS: Final = RequestThreads()
"""The threads of this process."""
if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(after_in_child=REQUEST_THREADS.reset_after_fork)

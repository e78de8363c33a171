"""Fetches the cost of interrupted streams from `GET /generation` in a background thread; the span stays open meanwhile.

One thread, which lives while calls are pending. It knows neither spans nor SDKs, only a record to complete and a
callback that finishes the call.
"""

import contextlib
import heapq
import itertools
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakSet

from .._guard import guarded, logger
from .._wire.generation import fold_generation, has_usage
from .._wire.response import ResponseRecord
from .client import TIMEOUT, ApiClient, UnusableResponseError
from .request_threads import REQUEST_THREADS

POLL_DELAYS: Final[tuple[float, ...]] = (0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Delays between polls in seconds. Records were available after 0.5 s when measured; after the last poll we give up."""
FLUSH_TIMEOUT: Final = 2.0
"""Seconds that a flush, a shutdown or the exit waits for all pending calls."""
MAX_PENDING: Final = 256
"""The maximum number of pending calls; further ones end without their cost."""

_FLUSH_POLL_DELAY: Final = 0.25  # seconds between polls during a flush
# 404, and 200 without a record: it is not available yet
_RETRYABLE: Final = {200, 404, 408, 429, 500, 502, 503, 504, 524, 529}

clock = time.monotonic


class _Pending:
    """One call whose cost is pending."""

    __slots__ = ("attempts", "client", "finish", "is_claimed", "record", "until")

    def __init__(self, client: ApiClient, record: ResponseRecord, finish: Callable[[], None]) -> None:
        self.client, self.record, self.finish = client, record, finish
        self.attempts = 0
        self.until = clock() + sum(POLL_DELAYS) + TIMEOUT
        """It is not polled any more by then, even if requests of other calls took all the time."""
        self.is_claimed = False
        """A thread is finishing it."""


class Settlement:
    """The pending calls of one `instrument()`."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._is_closed = False
        self.reset_after_fork()
        _SETTLEMENTS.add(self)

    def reset_after_fork(self) -> None:
        """Forget all pending calls, as a forked child must: the parent finishes them."""
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, _Pending]] = []
        self._polling: set[_Pending] = set()
        self._thread: threading.Thread | None = None
        self._flush_until = 0.0
        """The end of the current flush, during which polls are more frequent."""

    def submit(self, client: ApiClient, record: ResponseRecord, finish: Callable[[], None]) -> bool:
        """Settle a call in the background, if its cost is unknown and can be fetched.

        Args:
            client: sends with the credentials of the call.
            record: the response, as far as it arrived.
            finish: records the call and ends its span.

        Returns:
            True if *finish* will be called once, after about half a minute at most.
        """
        if (record.usage is not None and not record.lacks_cost) or record.id is None:
            return False
        with self._changed:
            if self._is_closed or len(self._queue) >= MAX_PENDING:
                return False
            self._put(_Pending(client, record, finish), POLL_DELAYS[0])
        return True

    def flush(self, timeout: float | None = None) -> None:
        """Settle what can be settled in *timeout* seconds (`FLUSH_TIMEOUT`), and finish the rest without its cost."""
        until = clock() + (FLUSH_TIMEOUT if timeout is None else timeout)
        with self._changed:
            self._queue = [(0.0, order, pending) for _, order, pending in self._queue]
            self._flush_until = max(self._flush_until, until)
        while (pending := self._next_due(until)) is not None:
            self._poll(pending, until)
        with self._changed:
            unfinished = [*(pending for _, _, pending in self._queue), *self._polling]
            given_up = [pending for pending in unfinished if not pending.is_claimed]
            for pending in given_up:
                pending.is_claimed = True
            self._queue.clear()
            self._polling.difference_update(given_up)
            self._changed.notify_all()
        for pending in given_up:
            _finish(pending)

    def close(self) -> None:
        """Settle the pending calls, and accept no more."""
        self._is_closed = True
        self.flush()
        REQUEST_THREADS.stop()

    def _put(self, pending: _Pending, delay: float) -> None:
        heapq.heappush(self._queue, (clock() + delay, next(self._order), pending))
        self._changed.notify_all()
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="openrouter-settlement", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread can start while the interpreter exits; `flush` polls
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while (pending := self._next_due()) is not None:
            self._poll(pending)

    def _next_due(self, until: float = math.inf) -> _Pending | None:
        """Wait for the next call that is due; return None when no call is pending, or at *until*."""
        with self._changed:
            while (now := clock()) < until:
                due = self._queue[0][0] if self._queue else until
                if due <= now:
                    pending = heapq.heappop(self._queue)[2]
                    self._polling.add(pending)
                    return pending
                is_background = until == math.inf
                if not self._queue and (is_background or not self._polling):
                    break
                self._changed.wait(min(due, until) - now)
            if threading.current_thread() is self._thread:
                self._thread = None
            return None

    def _poll(self, pending: _Pending, until: float = math.inf) -> None:
        timeout = min(TIMEOUT, until - clock(), pending.until - clock())
        generation, is_final = self._get_generation(pending, timeout)
        with self._changed:
            if pending.is_claimed:  # a flush has given up on it meanwhile
                return
            pending.attempts += 1
            is_final |= pending.attempts >= len(POLL_DELAYS) or clock() >= pending.until
            if generation is None and not is_final:
                self._polling.discard(pending)
                delay = _FLUSH_POLL_DELAY if clock() < self._flush_until else POLL_DELAYS[pending.attempts]
                self._put(pending, delay)
                return
            pending.is_claimed = True
        if generation is not None:
            _fold(pending.record, generation)
        _finish(pending)
        with self._changed:
            self._polling.discard(pending)
            self._changed.notify_all()

    def _get_generation(self, pending: _Pending, timeout: float) -> tuple[Mapping[str, Any] | None, bool]:
        """Return the data of the generation, or None; and whether a failure is final."""
        try:
            path = f"/generation?id={quote(str(pending.record.id), safe='')}"
            generation = pending.client.get_data(path, timeout)
        except Exception as error:
            status = error.status if isinstance(error, UnusableResponseError) else None
            # The class only: the text of an HTTP error may contain the request.
            logger.debug("settle: GET /generation failed with %s (%s).", type(error).__qualname__, status)
            return None, status is not None and status not in _RETRYABLE
        return (generation if has_usage(generation) else None), False


@guarded
def _fold(record: ResponseRecord, generation: Mapping[str, Any]) -> None:
    fold_generation(record, generation)


@guarded
def _finish(pending: _Pending) -> None:
    pending.finish()


def _reset_all_after_fork() -> None:
    for settlement in list(_SETTLEMENTS):
        settlement.reset_after_fork()


_SETTLEMENTS: Final[WeakSet[Settlement]] = WeakSet()
if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(after_in_child=_reset_all_after_fork)

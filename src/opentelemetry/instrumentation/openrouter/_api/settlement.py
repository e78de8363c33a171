"""What a stream cost that was cut before it told: asked of OpenRouter in the background, while its span waits.

One thread, which lives while there is something to ask. It knows neither spans nor SDKs: an answer to complete, and
what finishes its call.
"""

import contextlib
import heapq
import itertools
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakSet

from .._guard import guarded, logger
from .._wire.generation import fold_generation
from .._wire.response import Answer
from .client import PATIENCE, Account
from .flush_hooks import Flushes

WAITS: Final[tuple[float, ...]] = (0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look: a record was there after half a second when it was measured. After the last it is late."""
BOUND: Final = 2.0
"""Seconds that a flush, a shutdown or the exit waits for all that is open."""
MOST: Final = 256
"""So many calls may wait; others end as they are."""

_HURRY: Final = 0.25  # seconds between looks while somebody waits
_PASSING: Final = {404, 408, 429, 500, 502, 503, 504, 524, 529}  # 404: there is no record yet

clock = time.monotonic


class _Case:
    """One call that waits for its bill."""

    __slots__ = ("account", "answer", "finish", "is_taken", "looks")

    def __init__(self, account: Account, answer: Answer, finish: Callable[[], None]) -> None:
        self.account, self.answer, self.finish = account, answer, finish
        self.looks = 0
        self.is_taken = False
        """Somebody is finishing it."""


class Settlement:
    """The calls of one `instrument()` that wait for their bills."""

    def __init__(self, providers: Callable[[], Iterable[Any]]) -> None:
        """Args: providers: of telemetry; when one of them is to flush, what waits is settled first."""
        self._flushes = Flushes(providers, self.settle_all)
        self._order = itertools.count()
        self._is_closed = False
        self.forget()
        _SETTLEMENTS.add(self)

    def forget(self) -> None:
        """Begin anew, as a forked child does: what waits is its parent's to finish."""
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, _Case]] = []
        self._looked_at: set[_Case] = set()
        self._thread: threading.Thread | None = None
        self._hurried_until = 0.0
        """Until then somebody waits for all that is open."""

    def take(self, account: Account, answer: Answer, finish: Callable[[], None]) -> bool:
        """Whether the call is settled, and so finished, from here: once, and in half a minute at most.

        Args:
            account: who made the call.
            answer: what is known of it.
            finish: records it and ends its span.
        """
        if answer.usage is not None or answer.id is None:
            return False
        with self._changed:
            if self._is_closed or len(self._waiting) >= MOST:
                return False
            self._flushes.watch()
            self._put(_Case(account, answer, finish), WAITS[0])
        return True

    def settle_all(self, bound: float | None = None) -> None:
        """Settle what can be settled within *bound* seconds (`BOUND`), and finish the rest as it is."""
        until = clock() + (BOUND if bound is None else bound)
        with self._changed:
            self._waiting = [(0.0, order, case) for _, order, case in self._waiting]
            self._hurried_until = max(self._hurried_until, until)
        while (case := self._next(until)) is not None:
            self._look(case, until)
        with self._changed:
            open_cases = [*(case for _, _, case in self._waiting), *self._looked_at]
            given_up = [case for case in open_cases if not case.is_taken]
            for case in given_up:
                case.is_taken = True
            self._waiting.clear()
            self._looked_at.difference_update(given_up)
            self._changed.notify_all()
        for case in given_up:
            _finish(case)

    def close(self) -> None:
        """Settle what waits, and take no more."""
        self._is_closed = True
        self.settle_all()
        self._flushes.release()

    def _put(self, case: _Case, wait: float) -> None:
        heapq.heappush(self._waiting, (clock() + wait, next(self._order), case))
        self._changed.notify_all()
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="openrouter-settlement", daemon=True)
            with contextlib.suppress(RuntimeError):  # at exit no thread can be started; there `settle_all` works
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while (case := self._next()) is not None:
            self._look(case)

    def _next(self, until: float = math.inf) -> _Case | None:
        """The next case that is due, waited for; None when nothing is open, or it is too late."""
        with self._changed:
            while (now := clock()) < until:
                due = self._waiting[0][0] if self._waiting else until
                if due <= now:
                    case = heapq.heappop(self._waiting)[2]
                    self._looked_at.add(case)
                    return case
                is_background = until == math.inf
                if not self._waiting and (is_background or not self._looked_at):
                    break
                self._changed.wait(min(due, until) - now)
            if threading.current_thread() is self._thread:
                self._thread = None
            return None

    def _look(self, case: _Case, until: float = math.inf) -> None:
        record, is_late = self._ask(case, min(PATIENCE, until - clock()))
        with self._changed:
            if case.is_taken:  # given up while it was asked for
                return
            case.looks += 1
            if record is None and not is_late and case.looks < len(WAITS):
                self._looked_at.discard(case)
                self._put(case, _HURRY if clock() < self._hurried_until else WAITS[case.looks])
                return
            case.is_taken = True
        if record is not None:
            _fold(case.answer, record)
        _finish(case)
        with self._changed:
            self._looked_at.discard(case)
            self._changed.notify_all()

    def _ask(self, case: _Case, timeout: float) -> tuple[dict[str, Any] | None, bool]:
        """The record, if there is one, and whether there will be none."""
        try:
            return case.account.ask(f"/generation?id={quote(str(case.answer.id), safe='')}", timeout), False
        except Exception as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            # The class alone: the text of an HTTP error may hold what was sent.
            logger.debug("settle: GET /generation failed with %s (%s).", type(error).__qualname__, status)
            return None, status is not None and status not in _PASSING


@guarded
def _fold(answer: Answer, record: dict[str, Any]) -> None:
    fold_generation(answer, record)


@guarded
def _finish(case: _Case) -> None:
    case.finish()


def _forget_all() -> None:
    for settlement in list(_SETTLEMENTS):
        settlement.forget()


_SETTLEMENTS: Final[WeakSet[Settlement]] = WeakSet()
if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(after_in_child=_forget_all)

"""Runs one case once and describes everything that its caller could observe, as plain data."""

import asyncio
import gc
from typing import Any

from opentelemetry import context as otel_context

from .case import Case
from .describe import count_our_frames, describe
from .leaks import Diagnostics, capture_diagnostics, count_objects, threads
from .recording_server import RecordingServer
from .sync_async import finish, settle


class CaseRun:
    """One run of a case. `observed` is compared with the other run; `frames` and `logged` are only reported."""

    def __init__(self, server: RecordingServer, case: Case, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._case = server, case
        self._loop = loop if case.asynchronous else None
        self.observed: dict[str, Any] = {}
        self.frames = 0
        """The instrumentation's frames in the traceback."""
        self.logged: list[str] = []
        """The instrumentation's log records."""
        self._notes: list[Any] = []
        self._pools: list[Any] = []
        self._raised: Any = None

    def run(self) -> None:
        """Run the case with the garbage collector off, to detect objects that only the collector frees."""
        self._server.take_requests()
        self._server.first_replies = list(self._case.conditions.first_replies)
        gc.collect()
        gc.disable()
        try:
            before, context, running = count_objects(), otel_context.get_current(), threads()
            with capture_diagnostics() as diagnostics:
                self._perform()
                settle(self._loop)
                uncollected = count_objects() - before
                gc.collect()
                settle(self._loop)
                gc.collect()
            leaked = count_objects() - before
        finally:
            gc.enable()
        self._report(diagnostics, uncollected, leaked)
        self.observed["context"] = otel_context.get_current() is context or otel_context.get_current() == context
        self.observed["threads"] = [
            name for name in threads() if name not in running and not name.startswith("asyncio_")
        ]

    def _report(self, diagnostics: Diagnostics, uncollected: Any, leaked: Any) -> None:
        requests = self._server.take_requests()
        if self._case.conditions.concurrency > 1:
            self._notes.sort(key=repr)
            requests.sort(key=repr)
            diagnostics.logs = sorted(each for each in diagnostics.logs if not each[0].startswith("urllib3"))
            # Which thread gets a free connection is not deterministic.
            uncollected, self._pools = {}, self._pools[-1:]
        self.logged = diagnostics.own_logs
        self.observed.update(
            {
                "result": self._notes,
                "exception": self._raised,
                "requests": requests,
                "unanswered": len(self._server.first_replies),
                "pool": self._pools,
                "warnings": sorted(diagnostics.warnings),
                "logs": diagnostics.logs,
                "unraisable": diagnostics.unraisable,
                "alive until collected": dict(sorted(uncollected.items())),
                "leaked": dict(sorted(leaked.items())),
            }
        )

    def _perform(self) -> None:
        try:
            finish(self._case.run(self._server, self._note, self._pools), self._loop)
        except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt is compared too
            self.frames = count_our_frames(error)
            self._raised = describe(error)

    def _note(self, name: str, *values: Any) -> None:
        self._notes.append([name, *map(describe, values)])

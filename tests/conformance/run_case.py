"""Runs one case once and describes everything that its caller could observe, as plain data."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
from opentelemetry import context as otel_context

from .cases import Case
from .clients import ClientSetup, run_before_use
from .describe import count_our_frames, describe
from .leaks import Diagnostics, capture_diagnostics, connections, count_objects, threads
from .recording_server import RecordingServer
from .sync_async import close, finish, settle


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
        self._server.first_replies = list(self._case.option.first_replies)
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
        if self._case.option.concurrency > 1:
            self._notes.sort(key=repr)
            requests.sort(key=repr)
            diagnostics.logs.sort()
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
            finish(self._work(), self._loop)
        except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt is compared too
            self.frames = count_our_frames(error)
            self._raised = describe(error)

    async def _work(self) -> None:
        case, option = self._case, self._case.option
        url = self._server.base_url(option.scenario or case.method.scenario)
        client = option.make(ClientSetup(url, case.asynchronous, self._note))
        await run_before_use(client)
        try:
            if option.concurrency > 1:
                await self._at_once(client)
            elif option.cancel_after is not None:
                await asyncio.wait_for(self._read(client), option.cancel_after)
            else:
                await self._read(client)
        finally:
            self._pools.append(connections(client))
            if option.closes_client:
                await close(client)
                self._pools.append(connections(client))
            elif client is openai:
                getattr(openai, "_reset_client")()  # noqa: B009 - a private name, to the type checker

    async def _at_once(self, client: Any) -> None:
        times = range(self._case.option.concurrency)
        if self._case.asynchronous:
            await asyncio.gather(*(self._read(client) for _ in times))
            return
        with ThreadPoolExecutor(len(times), "caller") as pool:
            for future in [pool.submit(finish, self._read(client), None) for _ in times]:
                future.result()

    async def _read(self, client: Any) -> None:
        case = self._case

        def call(view: str, **arguments: Any) -> Any:
            return case.method.call(client, view, {**case.option.arguments, **arguments})

        await case.pattern.read(call, self._note)

    def _note(self, name: str, *values: Any) -> None:
        self._notes.append([name, *map(describe, values)])

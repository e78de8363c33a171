"""One run of one case: all that its caller could see of it, as plain data."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
from opentelemetry import context as otel_context

from .cases import Case
from .clients import Stage, used_up
from .describe import describe, frames_of_ours
from .leaks import Said, census, connections, listening, threads
from .recording_server import Witness
from .sync_async import closed, finish, settle


class Trial:
    """Runs a case against a witness. `seen` is to be compared; `frames`, `logged` are only told."""

    def __init__(self, witness: Witness, case: Case, loop: asyncio.AbstractEventLoop) -> None:
        self._witness, self._case = witness, case
        self._loop = loop if case.asynchronous else None
        self.seen: dict[str, Any] = {}
        self.frames = 0
        """Of ours in the traceback."""
        self.logged: list[str] = []
        """By us."""
        self._notes: list[Any] = []
        self._pools: list[Any] = []
        self._raised: Any = None

    def run(self) -> None:
        """Run it, with the collector off, so that what only it would free is seen."""
        self._witness.testimony()
        self._witness.first = list(self._case.option.first)
        gc.collect()
        gc.disable()
        try:
            before, context, running = census(), otel_context.get_current(), threads()
            with listening() as said:
                self._perform()
                settle(self._loop)
                kept = census() - before
                gc.collect()
                settle(self._loop)
                gc.collect()
            left = census() - before
        finally:
            gc.enable()
        self._tell(said, kept, left)
        self.seen["context"] = otel_context.get_current() is context or otel_context.get_current() == context
        self.seen["threads"] = [name for name in threads() if name not in running and not name.startswith("asyncio_")]

    def _tell(self, said: Said, kept: Any, left: Any) -> None:
        requests = self._witness.testimony()
        if self._case.option.at_once > 1:
            self._notes.sort(key=repr)
            requests.sort(key=repr)
            said.logs.sort()
            # Which thread finds a connection that is free is a matter of luck.
            kept, self._pools = {}, self._pools[-1:]
        self.logged = said.ours
        self.seen.update(
            {
                "result": self._notes,
                "exception": self._raised,
                "requests": requests,
                "unanswered": len(self._witness.first),
                "pool": self._pools,
                "warnings": sorted(said.warnings),
                "logs": said.logs,
                "unraisable": said.unraisable,
                "kept until collected": dict(sorted(kept.items())),
                "kept": dict(sorted(left.items())),
            }
        )

    def _perform(self) -> None:
        try:
            finish(self._work(), self._loop)
        except BaseException as error:  # noqa: BLE001 - an interrupt is compared too
            self.frames = frames_of_ours(error)
            self._raised = describe(error)

    async def _work(self) -> None:
        case, option = self._case, self._case.option
        url = self._witness.base_url(option.scenario or case.method.scenario)
        client = option.make(Stage(url, case.asynchronous, self._note))
        await used_up(client)
        try:
            if option.at_once > 1:
                await self._at_once(client)
            elif option.patience is not None:
                await asyncio.wait_for(self._read(client), option.patience)
            else:
                await self._read(client)
        finally:
            self._pools.append(connections(client))
            if option.closes:
                await closed(client)
                self._pools.append(connections(client))
            elif client is openai:
                getattr(openai, "_reset_client")()  # noqa: B009 - a private name, to the type checker

    async def _at_once(self, client: Any) -> None:
        times = range(self._case.option.at_once)
        if self._case.asynchronous:
            await asyncio.gather(*(self._read(client) for _ in times))
            return
        with ThreadPoolExecutor(len(times), "caller") as pool:
            for done in [pool.submit(finish, self._read(client), None) for _ in times]:
                done.result()

    async def _read(self, client: Any) -> None:
        case = self._case

        def call(view: str, **more: Any) -> Any:
            return case.method.call(client, view, {**case.option.more, **more})

        await case.manner.read(call, self._note)

    def _note(self, what: str, *values: Any) -> None:
        self._notes.append([what, *map(describe, values)])

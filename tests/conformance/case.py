"""A case: one calling style of one client, sync or async, under some conditions."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .sync_async import close, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator import Reply

    from .recording_server import RecordingServer


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What is independent of the client."""

    scenario: str = ""
    """The scenario to use instead of the calling style's."""
    first_replies: tuple[Reply, ...] = ()
    """The replies to send before the scenario's."""
    closes_client: bool = True
    """Whether the client is closed after the call."""
    concurrency: int = 1
    """The number of concurrent calls, in threads or tasks."""
    cancel_after: float | None = None
    """The seconds after the arrival of the request when the task is cancelled."""


@dataclass(frozen=True)
class Case(ABC):
    """One case. A subclass opens the client, and makes and reads one call."""

    pattern_name: str
    """How the call is made and read."""
    asynchronous: bool
    option_name: str

    @property
    @abstractmethod
    def client_name(self) -> str:
        """Return the package of the client."""

    @property
    @abstractmethod
    def calling_style(self) -> str:
        """Return the name without the option."""

    @property
    @abstractmethod
    def conditions(self) -> Conditions:
        """Return what the option sets."""

    @property
    @abstractmethod
    def is_covered(self) -> bool:
        """Return whether its calls are traced."""

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.client_name}: {self.calling_style}; {self.option_name}"

    @abstractmethod
    async def open(self, server: RecordingServer, note: Callable[..., None]) -> Any:
        """Return a client."""

    @abstractmethod
    async def read(self, client: Any, note: Callable[..., None]) -> None:
        """Make one call, and note everything that its caller observes."""

    @abstractmethod
    def connections(self, client: Any) -> Any:
        """Return the connections of the client's pool and their states."""

    async def close(self, client: Any) -> None:
        """Close the client."""
        await close(client)

    async def abandon(self, client: Any) -> None:  # noqa: B027 - most cases have nothing to do
        """Clean up after a client that the case does not close."""

    async def run(self, server: RecordingServer, note: Callable[..., None], pools: list[Any]) -> None:
        """Make all calls of the case.

        Args:
            server: the server.
            note: receives what the caller observes.
            pools: gets the connections after the calls, and after the client has been closed.
        """
        client = await self.open(server, note)
        try:
            if self.conditions.concurrency > 1:
                await self._at_once(client, note)
            elif self.conditions.cancel_after is not None:
                await self._cancelled(server, client, note)
            else:
                await self.read(client, note)
        finally:
            pools.append(self.connections(client))
            if self.conditions.closes_client:
                await self.close(client)
                pools.append(self.connections(client))
            else:
                await self.abandon(client)

    async def _cancelled(self, server: RecordingServer, client: Any, note: Callable[..., None]) -> None:
        task = asyncio.create_task(self.read(client, note))
        while not (server.has_requests or task.done()):  # noqa: ASYNC110 - the server is in another thread
            await asyncio.sleep(0.005)
        await asyncio.sleep(self.conditions.cancel_after or 0)
        task.cancel()
        await task

    async def _at_once(self, client: Any, note: Callable[..., None]) -> None:
        times = range(self.conditions.concurrency)
        if self.asynchronous:
            await asyncio.gather(*(self.read(client, note) for _ in times))
            return
        with ThreadPoolExecutor(len(times), "caller") as pool:
            for future in [pool.submit(finish, self.read(client, note), None) for _ in times]:
                future.result()

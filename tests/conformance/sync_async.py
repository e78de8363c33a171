"""Sync and async in one text: what is awaited where it must be, and a runner for each.

A coroutine that awaits nothing that waits ends at its first step, so the sync client is driven without an event loop.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

_STEPS: Final = 5


async def held(value: Any) -> Any:
    """The value, or what it comes to."""
    return await value if inspect.isawaitable(value) else value


async def each(values: Any) -> AsyncIterator[Any]:
    """What is iterated, by either protocol."""
    if hasattr(values, "__aiter__"):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


async def following(values: Any) -> Any:
    """The next of it, by either protocol."""
    return await values.__anext__() if hasattr(values, "__anext__") else next(values)


@asynccontextmanager
async def entered(manager: Any) -> AsyncGenerator[Any]:
    """A context manager of either protocol; what is none is closed in the end."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    elif hasattr(manager, "__enter__"):
        with manager as value:
            yield value
    else:
        value = await held(manager)
        try:
            yield value
        finally:
            await closed(value)


async def closed(thing: Any) -> None:
    """Close it, by either protocol."""
    is_async = hasattr(getattr(thing, "stream", None), "__aiter__")  # a bare HTTP response, which has both
    await held(thing.aclose() if is_async else thing.close())


def finish(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop | None) -> None:
    """Run it to its end, on *loop* or without one."""
    if loop is not None:
        loop.run_until_complete(work)
        return
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("The sync client has waited.")


def settle(loop: asyncio.AbstractEventLoop | None) -> None:
    """Let the loop do what it was left with: generators that are gone are closed by tasks."""
    if loop is not None:
        for _ in range(_STEPS):
            loop.run_until_complete(asyncio.sleep(0))

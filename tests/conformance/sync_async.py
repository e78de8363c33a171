"""Runs the same test code with sync and async clients: helpers that await where necessary, and a runner for each.

A coroutine that never suspends ends at its first_replies step, so the sync client runs uninstrumented an event loop.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

_STEPS: Final = 5


async def resolve(value: Any) -> Any:
    """Return the value; await it first if it is awaitable."""
    return await value if inspect.isawaitable(value) else value


async def iterate(values: Any) -> AsyncIterator[Any]:
    """Iterate over *values* by the sync or the async protocol."""
    if hasattr(values, "__aiter__"):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


async def next_item(values: Any) -> Any:
    """Return the next item by the sync or the async protocol."""
    return await values.__anext__() if hasattr(values, "__anext__") else next(values)


@asynccontextmanager
async def entered(manager: Any) -> AsyncGenerator[Any]:
    """Enter a context manager of either protocol; any other value is closed at the end."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    elif hasattr(manager, "__enter__"):
        with manager as value:
            yield value
    else:
        value = await resolve(manager)
        try:
            yield value
        finally:
            await close(value)


async def close(thing: Any) -> None:
    """Close *thing* by the sync or the async protocol."""
    is_async = hasattr(getattr(thing, "stream", None), "__aiter__")  # an HTTP response has both protocols
    await resolve(thing.aclose() if is_async else thing.close())


def finish(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop | None) -> None:
    """Run *work* to its end, on *loop* or without one."""
    if loop is not None:
        loop.run_until_complete(work)
        return
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("The coroutine suspended, although its client is sync.")


def settle(loop: asyncio.AbstractEventLoop | None) -> None:
    """Run the pending tasks of the loop: tasks close the async generators that were collected."""
    if loop is not None:
        for _ in range(_STEPS):
            loop.run_until_complete(asyncio.sleep(0))

"""The wrapped iterators end as the iterators that they wrap."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._clients.streams import wrap_async_iterator


class Pieces:
    """An async iterator that is no generator, as another library may put in place of the SDK's."""

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> int:
        return 1


@pytest.mark.parametrize(("is_generator", "closes"), [(True, True), (True, False), (False, True)])
def test_closing_closes_the_iterator(is_generator: bool, closes: bool) -> None:
    """A caller that closes the iterator has closed httpx2's own, which closes the response before `aclose` returns."""
    closed: list[bool] = []

    async def generator() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main() -> None:
        pieces = generator() if is_generator else Pieces()
        opened: Any = SimpleNamespace()
        wrapped: Any = wrap_async_iterator(pieces, opened, lambda _: None, lambda: None, lambda _: None, closes=closes)
        assert await wrapped.__anext__() == 1
        await wrapped.aclose()
        assert closed == [True] * (is_generator and closes)

    asyncio.run(main())


def test_the_loop_closes_the_iterator_below() -> None:
    """At its end the event loop closes both iterators at the same time. It logs nothing, as for an SDK's iterator alone."""
    closed: list[bool] = []
    logged: list[object] = []

    async def generator() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
        opened: Any = SimpleNamespace()
        wrapped: Any = wrap_async_iterator(generator(), opened, lambda _: None, lambda: None, lambda _: None)
        await wrapped.__anext__()
        return wrapped  # it lives until the loop has ended

    left = asyncio.run(main())
    assert logged == []
    assert closed == [True]
    del left

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


@pytest.mark.parametrize("is_generator", [True, False])
def test_closing_closes_the_iterator(is_generator: bool) -> None:
    """A caller that closes the iterator has closed httpx's own, which closes the response before `aclose` returns."""
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
        wrapped: Any = wrap_async_iterator(pieces, opened, lambda _: None, lambda: None, lambda _: None)
        assert await wrapped.__anext__() == 1
        await wrapped.aclose()
        assert closed == [True] * is_generator

    asyncio.run(main())

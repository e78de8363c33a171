"""Observes the body of an aiohttp response while the caller reads it.

All methods read through the one `StreamReader` of the response, which has `__slots__`: it becomes an instance of a
subclass until it has been read.
"""

import asyncio
import weakref
from functools import lru_cache
from typing import Any, Final

from .._guard import guarded
from .bodies import ResponseHead, body_observer, decompressing
from .open_responses import OpenResponse


class _Body:
    """The callbacks of one body."""

    __slots__ = ("on_exhausted", "on_piece", "opened", "response", "was_cancelled")

    def __init__(self, response: Any, opened: OpenResponse, head: ResponseHead) -> None:
        key = id(response.content)
        self.opened = opened
        on_piece, self.on_exhausted = body_observer(head.content_type, opened)
        self.on_piece = decompressing(on_piece, head.content_encoding) if head.content_encoding else on_piece
        self.was_cancelled = False
        """The caller's last read was cancelled; it may read on."""
        # A response that is dropped ends its call; `pop` is safe in a finaliser.
        self.response = weakref.ref(response, lambda _: _BODIES.pop(key, None))


_BODIES: Final[dict[int, _Body]] = {}
"""The open bodies, by the id of their reader, which takes neither attributes nor weak references."""


@guarded
def observe_body(response: Any, opened: OpenResponse, head: ResponseHead) -> None:
    """Observe *response*."""
    reader = response.content
    body = _Body(response, opened, head)
    error = reader.exception()
    if error is not None:  # the caller gets it when it reads
        opened.failed(error)
        return
    if reader.at_eof():  # nothing to read
        body.on_exhausted()
        return
    reader.__class__ = _observed_class(reader.__class__)
    _BODIES[id(reader)] = body


@lru_cache(maxsize=8)
def _observed_class(base: Any) -> Any:
    """Return a subclass of *base* with the methods through which all others read and end."""

    class Observed(base):
        __slots__ = ()

        def _read_nowait_chunk(self, n: int) -> bytes:
            piece = base._read_nowait_chunk(self, n)
            _read(self, piece)
            return piece

        def feed_eof(self) -> None:
            base.feed_eof(self)
            _read(self, b"")

        async def _wait(self, func_name: str) -> None:
            try:
                await base._wait(self, func_name)
            except BaseException as error:
                _failed(self, error)
                raise

        def set_exception(self, exc: Any, *args: Any) -> None:
            base.set_exception(self, exc, *args)
            _failed(self, exc)

    Observed.__name__, Observed.__qualname__, Observed.__module__ = base.__name__, base.__qualname__, base.__module__
    return Observed


@guarded
def _read(reader: Any, piece: bytes) -> None:
    body = _BODIES.get(id(reader))
    if body is None:
        return
    body.was_cancelled = False
    body.on_piece(piece)
    if reader.at_eof():
        _restore(reader)
        body.on_exhausted()


@guarded
def _failed(reader: Any, error: Any) -> None:
    """Reading raised *error*, or will, or the response is closed."""
    body = _BODIES.get(id(reader))
    if body is None:
        return
    if isinstance(error, asyncio.CancelledError):
        body.was_cancelled = True
        return
    _restore(reader)
    # `close` and `release` set exactly this exception (aiohttp/client_reqrep.py, _notify_content).
    if type(error).__name__ == "ClientConnectionError":
        body.opened.left(asyncio.CancelledError() if body.was_cancelled else None)
    else:
        body.opened.failed(error() if isinstance(error, type) else error)


def _restore(reader: Any) -> None:
    _BODIES.pop(id(reader), None)
    reader.__class__ = type(reader).__mro__[1]

"""Observes the body of a urllib3 response while the caller reads it: by `requests`, or directly.

The response becomes an instance of a subclass until it has been read. An override on the instance would make a
reference cycle, so that a dropped response would release its connection late.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from .._guard import guarded
from .bodies import ResponseHead, body_observer, decompressing
from .open_responses import OpenResponse

_KEY: Final = "_opentelemetry_openrouter_body"


class _Body:
    """The callbacks of one body."""

    __slots__ = ("is_reading", "on_exhausted", "on_piece", "on_raw_piece", "opened")

    def __init__(self, opened: OpenResponse, head: ResponseHead) -> None:
        self.opened = opened
        self.on_piece, self.on_exhausted = body_observer(head.content_type, opened)
        self.on_raw_piece = decompressing(self.on_piece, head.content_encoding)
        self.is_reading = False
        """urllib3 is reading, and may close the response before it raises."""


def can_observe(response: Any) -> bool:
    """Whether *response* is urllib3's: an adapter of the caller may have another file."""
    return hasattr(response, "read_chunked")


@guarded
def observe_body(response: Any, opened: OpenResponse, head: ResponseHead) -> None:
    """Observe *response*, an `HTTPResponse` of urllib3."""
    response.__dict__[_KEY] = _Body(opened, head)
    response.__class__ = _observed_class(response.__class__)


@lru_cache(maxsize=8)
def _observed_class(base: Any) -> Any:
    """Return a subclass of *base* with the methods through which all others read: urllib3/response.py, 1.26 to 2.8."""

    # Each calls *base*, not `super()`: when a method returns, the response may have its own class again.
    class Observed(base):
        __slots__ = ()

        def read(self, amt: int | None = None, *args: Any, **kwargs: Any) -> Any:
            return _read(self, base.read, amt, *args, can_read_all=True, **kwargs)

        def read_chunked(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
            return _read_pieces(self, base.read_chunked(self, amt, decode_content), decode_content)

        def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
            yield from base.stream(self, *args, **kwargs)
            _exhausted(self)

        def close(self) -> None:
            base.close(self)
            _left(self)

        def __del__(self) -> None:
            _restore(self)  # a finaliser closes the response: the weak reference reports it
            base.__del__(self)

        if hasattr(base, "read1"):  # pragma: no branch - since urllib3 2.1

            def read1(self, *args: Any, **kwargs: Any) -> Any:
                return _read(self, base.read1, *args, can_read_all=False, **kwargs)

    Observed.__name__, Observed.__qualname__, Observed.__module__ = base.__name__, base.__qualname__, base.__module__
    return Observed


def _read(response: Any, read: Any, amt: int | None = None, *args: Any, can_read_all: bool, **kwargs: Any) -> Any:
    """Return `read(response, amt, decode_content, ...)`; *can_read_all*: nothing is left without an *amt*."""
    try:
        piece = read(response, amt, *args, **kwargs)
    except BaseException as error:
        _failed(response, error)
        raise
    _observe(response, piece, args[0] if args else kwargs.get("decode_content"))
    # urllib3 1.26 also returns nothing for compressed bytes that are no text yet. It closes the file at its end.
    if (not piece and amt != 0 and response.closed) or (can_read_all and (amt is None or amt < 0)):
        _exhausted(response)
    return piece


def _read_pieces(response: Any, pieces: Iterator[bytes], decode_content: bool | None) -> Iterator[bytes]:
    try:
        _set_reading(response, is_reading=True)
        for piece in pieces:
            _set_reading(response, is_reading=False)
            _observe(response, piece, decode_content)
            yield piece
            _set_reading(response, is_reading=True)
    except GeneratorExit:  # the caller may read on, or closes the response
        raise
    except BaseException as error:
        _failed(response, error)
        raise
    _exhausted(response)


def _set_reading(response: Any, *, is_reading: bool) -> None:
    body: _Body | None = response.__dict__.get(_KEY)
    if body is not None:
        body.is_reading = is_reading


@guarded
def _observe(response: Any, piece: Any, decode_content: bool | None) -> None:
    body: _Body | None = response.__dict__.get(_KEY)
    if body is not None:
        decompressed = response.decode_content if decode_content is None else decode_content
        (body.on_piece if decompressed else body.on_raw_piece)(piece)


@guarded
def _exhausted(response: Any) -> None:
    body = _restore(response)
    if body is not None:
        body.on_exhausted()


@guarded
def _failed(response: Any, error: BaseException) -> None:
    body = _restore(response)
    if body is not None:
        body.opened.failed(error)


@guarded
def _left(response: Any) -> None:
    body: _Body | None = response.__dict__.get(_KEY)
    if body is not None and not body.is_reading:
        _restore(response)
        body.opened.left()


def _restore(response: Any) -> _Body | None:
    body: _Body | None = response.__dict__.pop(_KEY, None)
    if body is not None:
        response.__class__ = type(response).__mro__[1]
    return body

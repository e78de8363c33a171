"""Observes the body of an httpx response while the caller reads it, decompressed or as it was sent.

The bytes pass unchanged and nothing is read ahead.
"""

from functools import partial
from typing import Any

from .._guard import guarded
from .bodies import body_observer, decompressing, ignore
from .open_responses import OpenResponse
from .streams import OnChunk, wrap_async_iterator, wrap_iterator


@guarded
def observe_body(response: Any, opened: OpenResponse) -> None:
    """Override the four iterators of *response* that all its other methods use."""
    on_piece, on_exhausted = body_observer(str(response.headers.get("content-type", "")), opened)
    on_raw_piece = decompressing(on_piece, str(response.headers.get("content-encoding", "")))

    # httpx2 closes the iterators below with the one that reads them, httpx does not (_models.py, 2.16.2 and 0.28.1).
    closes = type(response).__module__.partition(".")[0] == "httpx2"
    wrap_async = partial(wrap_async_iterator, closes=closes)
    is_decoding = False

    def observing(iterate: Any, wrap: Any, on_piece: OnChunk, *, is_raw: bool = False) -> Any:
        def iterator(*args: Any, **kwargs: Any) -> Any:
            nonlocal is_decoding
            pieces = iterate(*args, **kwargs)
            if is_raw and is_decoding:  # `iter_bytes` reads the raw bytes, and is observed itself
                return pieces
            is_decoding = True
            wrapped = wrap(pieces, opened, on_piece, on_exhausted, ignore)
            opened.set_iterator(wrapped)
            return wrapped

        return iterator

    opened.override(
        response,
        iter_bytes=observing(response.iter_bytes, wrap_iterator, on_piece),
        iter_raw=observing(response.iter_raw, wrap_iterator, on_raw_piece, is_raw=True),
        aiter_bytes=observing(response.aiter_bytes, wrap_async, on_piece),
        aiter_raw=observing(response.aiter_raw, wrap_async, on_raw_piece, is_raw=True),
    )

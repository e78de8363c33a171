"""Decompresses a response body that the caller reads as it was sent: `Content-Encoding` -> a function of its pieces.

Brotli has no module in the standard library: the one that the HTTP library has imported is used.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Any, Final

Decompress = Callable[[bytes], bytes]


def decompressor(encoding: str) -> Decompress | None:
    """Return a function for the successive pieces of one body; None for an encoding that is not known."""
    create = _BY_ENCODING.get(encoding.strip().lower())
    found = None if create is None else create()
    return None if found is None else _until_failure(*found)


def _until_failure(decompress: Decompress, error: type[Exception]) -> Decompress:
    """Return a function that returns nothing from the piece on that is not compressed as the header declares."""
    has_failed = False

    def decompress_piece(piece: bytes) -> bytes:
        nonlocal has_failed
        try:
            return b"" if has_failed else decompress(piece)
        except error:
            has_failed = True
            return b""

    return decompress_piece


def _zlib(window_bits: int) -> tuple[Decompress, type[Exception]]:
    return zlib.decompressobj(window_bits).decompress, zlib.error


def _brotli() -> tuple[Decompress, type[Exception]] | None:
    for name, method in (("brotli", "process"), ("brotlicffi", "decompress")):
        module: Any = sys.modules.get(name)
        if module is not None:
            return getattr(module.Decompressor(), method), module.error
    return None


_BY_ENCODING: Final[dict[str, Callable[[], tuple[Decompress, type[Exception]] | None]]] = {
    "": lambda: (bytes, zlib.error),
    "identity": lambda: (bytes, zlib.error),
    "gzip": lambda: _zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _zlib(zlib.MAX_WBITS),
    "br": _brotli,
}

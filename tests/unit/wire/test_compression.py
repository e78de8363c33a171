"""Decompression of bodies that are read as they were sent."""

import gzip
import sys
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.compression import decompressor


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("", b"hello"),
        ("identity", b"hello"),
        ("gzip", gzip.compress(b"hello", mtime=0)),
        (" Deflate", zlib.compress(b"hello")),
    ],
)
def test_pieces(encoding: str, content: bytes) -> None:
    """A body is decompressed piece by piece."""
    decompress = decompressor(encoding)
    assert decompress is not None
    assert b"".join(decompress(content[at : at + 3]) for at in range(0, len(content), 3)) == b"hello"


def test_unknown_encoding() -> None:
    """An encoding that is not known, or several at once, has no function."""
    assert decompressor("zstd") is None
    assert decompressor("gzip, br") is None


def test_not_compressed() -> None:
    """Nothing is returned from the piece on that is not compressed."""
    decompress = decompressor("gzip")
    assert decompress is not None
    assert decompress(b"not compressed") == b""
    assert decompress(gzip.compress(b"hello")) == b""


class Decompressor:
    """The decompressor of either Brotli module."""

    def process(self, piece: bytes) -> bytes:
        return b"process " + piece

    def decompress(self, piece: bytes) -> bytes:
        return b"decompress " + piece


@pytest.mark.parametrize(("name", "method"), [("brotli", b"process "), ("brotlicffi", b"decompress ")])
def test_brotli(monkeypatch: pytest.MonkeyPatch, name: str, method: bytes) -> None:
    """Brotli is decompressed by the module that is imported."""
    other: Any = {"brotli": "brotlicffi", "brotlicffi": "brotli"}[name]
    monkeypatch.setitem(sys.modules, other, None)
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(Decompressor=Decompressor, error=ValueError))
    decompress = decompressor("br")
    assert decompress is not None
    assert decompress(b"x") == method + b"x"
    monkeypatch.setitem(sys.modules, name, None)
    assert decompressor("br") is None

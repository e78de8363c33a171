"""aiohttp's bodies: a reader whose response is gone is read on without an effect."""

from opentelemetry.instrumentation.openrouter._clients import aiohttp_bodies


def test_reader_without_a_body() -> None:
    """The entry of a reader is removed with its response."""
    reader = object()
    aiohttp_bodies._read(reader, b"piece")
    aiohttp_bodies._failed(reader, ValueError())

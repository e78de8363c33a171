"""The undocumented names of lm15 that the instrumentation relies on, one test each, in lm15 and in DSPy's copy.

lm15 guarantees none of them. Each docstring names the code that must change when its test fails. DSPy's copy is tested
where DSPy is installed; the program `dspy` of `tests/interop/frameworks` runs its newest release.
"""

import asyncio
import dataclasses
import inspect
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

COPIES = ["lm15.transports", *(["dspy._vendor.lm15.transports"] if find_spec("dspy") else [])]


@pytest.fixture(params=COPIES)
def transports(request: pytest.FixtureRequest) -> Any:
    return import_module(request.param)


def test_sends_through_two_methods(transports: Any) -> None:
    """`_wrap_methods`, `_start_exchange`: each takes the request; what the async `stream` returns calls `_do_stream`."""
    for method in (transports.StdlibTransport.stream, transports.StdlibAsyncTransport._do_stream):
        assert list(inspect.signature(method).parameters) == ["self", "request"]
    opened = type(transports.StdlibAsyncTransport().stream(object()))
    for method in (opened.__aenter__, opened.__await__):
        assert "self._transport._do_stream(self._request)" in inspect.getsource(method)


def test_providers_send_through_them() -> None:
    """`_wrap_methods`: the adapters of lm15 open each response by the transport's `stream`."""
    for copy in COPIES:
        root = copy.rpartition(".")[0]
        sync, other = (import_module(f"{root}.providers.{name}") for name in ("base", "async_base"))
        assert inspect.getsource(sync).count("with self.transport.stream(") == 2
        assert inspect.getsource(other).count("async with self.transport.stream(") == 2


def test_request(transports: Any) -> None:
    """`_start_exchange`, `_with_body`, `_open`: a dataclass with these fields; headers are pairs."""
    fields = [field.name for field in dataclasses.fields(transports.TransportRequest)]
    assert fields[:4] == ["method", "url", "headers", "body"]
    request = transports.TransportRequest("GET", "http://x", [("a", "b")])
    assert request.body == b""
    assert dataclasses.replace(request, body=b"{}").headers == [("a", "b")]


def _response(transports: Any, name: str, chunks: Any, release: Any) -> Any:
    return getattr(transports, name)(
        status=200, reason="OK", headers=[("Content-Type", "x")], http_version="1.1", chunks=chunks, release=release
    )


def test_reads_through_the_chunks(transports: Any) -> None:
    """`_observe_body`: each reader iterates `_chunks` of the instance, and calls its `_release_once` when it ends."""
    for read in (list, lambda response: response.read(), lambda response: list(response.iter_lines())):
        released: list[bool] = []
        response = _response(transports, "TransportResponse", iter([b"unseen"]), released.append)
        assert (response.status, response.header("content-type")) == (200, "x")
        response._chunks = iter([b"a"])
        once = response._release_once
        response._release_once = lambda *, body_consumed, once=once: once(body_consumed=body_consumed)
        assert read(response) in (b"a", [b"a"])
        assert released == [True]


def test_reads_through_the_chunks_async(transports: Any) -> None:
    """As above."""

    async def chunks(piece: bytes) -> Any:
        yield piece

    async def main() -> None:
        released: list[bool] = []

        async def release(body_consumed: bool) -> None:
            released.append(body_consumed)

        for read in (lambda response: response, lambda response: response.aiter_lines()):
            response = _response(transports, "AsyncTransportResponse", chunks(b"unseen"), release)
            response._chunks = chunks(b"a")
            once = response._release_once
            response._release_once = lambda *, body_consumed, once=once: once(body_consumed=body_consumed)
            assert [piece async for piece in read(response)] == [b"a"]
        response = _response(transports, "AsyncTransportResponse", chunks(b"a"), release)
        assert await response.read() == b"a"
        assert released == [True] * 3

    asyncio.run(main())


def test_closes_through_one_method(transports: Any) -> None:
    """`_closing`: `with` calls `close` of the instance, `async with` its `aclose`, and only the async one has that."""
    sync, other = transports.TransportResponse, transports.AsyncTransportResponse
    assert "self.close()" in inspect.getsource(sync.__exit__)
    assert "await self.aclose()" in inspect.getsource(other.__aexit__)
    assert not hasattr(sync, "aclose")
    opened = type(transports.StdlibAsyncTransport().stream(object()))
    assert "await self._response.aclose()" in inspect.getsource(opened.__aexit__)


def test_exceptions(transports: Any) -> None:
    """`_wire/errors.py`: the timeouts are named so, and all exceptions are a TransportError."""
    names = (
        "ConnectTimeout",
        "ReadTimeout",
        "WriteTimeout",
        "ConnectError",
        "ReadError",
        "WriteError",
        "ProtocolError",
    )
    for name in names:
        assert issubclass(getattr(transports, name), transports.TransportError)


def test_no_redirects(transports: Any) -> None:
    """`_open`: the key is for the host of the request; lm15 follows no redirect."""
    assert "location" not in inspect.getsource(transports.StdlibTransport).lower()

"""The undocumented names of the HTTP libraries that the instrumentation relies on, one test each, oldest and newest.

The libraries guarantee none of them. Each docstring names the code that must change when its test fails.
"""

import inspect
from importlib import import_module

import aiohttp
import aiohttp.client_reqrep
import pytest
import requests
import urllib3

from tests.http_calling_styles import HTTPX


@pytest.mark.parametrize("library", HTTPX)
def test_httpx_reads_through_two_iterators(library: str) -> None:
    """`_clients/httpx_bodies.py`: all methods read through `iter_bytes` of the instance, and that through `iter_raw`."""
    response_class = import_module(library).Response
    for read, inner in (("iter_text", "iter_bytes"), ("read", "iter_bytes"), ("iter_bytes", "iter_raw")):
        for prefix in ("", "a"):
            assert f"self.{prefix}{inner}()" in inspect.getsource(getattr(response_class, prefix + read))


@pytest.mark.parametrize("library", HTTPX)
def test_httpx_sends_through_one_method(library: str) -> None:
    """`_clients/httpx.py`: `request` and `stream` call `send`, which takes the request first."""
    module = import_module(library)
    for client in (module.Client, module.AsyncClient):
        assert list(inspect.signature(client.send).parameters)[:2] == ["self", "request"]
        for method in (client.request, client.stream):
            assert "self.send(" in inspect.getsource(method)


@pytest.mark.parametrize("library", HTTPX)
def test_httpx_bodies_in_memory(library: str) -> None:
    """`_clients/httpx.py`, `_content`: a body that is not in memory raises a RuntimeError."""
    module = import_module(library)
    with pytest.raises(RuntimeError):
        _ = module.Request("POST", "http://x", content=iter([b""])).content
    with pytest.raises(RuntimeError):
        _ = module.Response(200, content=iter([b""])).content


def test_requests_sends_through_one_method() -> None:
    """`_clients/requests.py`: `request` calls `send`, which takes the request first."""
    assert list(inspect.signature(requests.Session.send).parameters)[:2] == ["self", "request"]
    assert "self.send(" in inspect.getsource(requests.Session.request)


def test_requests_body_in_memory() -> None:
    """`_clients/requests.py`: `_content` is False until the body has been read."""
    assert requests.Response()._content is False


def test_urllib3_reads_through_four_methods() -> None:
    """`_clients/urllib3_bodies.py`: `stream` reads through `read` and `read_chunked`; a finaliser closes."""
    source = inspect.getsource(urllib3.HTTPResponse.stream)
    assert "self.read(" in source
    assert "self.read_chunked(" in source
    for name in ("read", "read_chunked", "stream", "close", "__del__"):
        assert callable(getattr(urllib3.HTTPResponse, name))
    for name in ("read", "read_chunked"):
        assert list(inspect.signature(getattr(urllib3.HTTPResponse, name)).parameters)[:3] == [
            "self",
            "amt",
            "decode_content",
        ]
    assert urllib3.HTTPResponse().decode_content is True


def test_aiohttp_sends_through_one_method() -> None:
    """`_clients/aiohttp.py`: `_request(method, str_or_url, *, ...)`, `_build_url` and `auto_decompress`."""
    parameters = inspect.signature(aiohttp.ClientSession._request).parameters
    assert list(parameters)[:3] == ["self", "method", "str_or_url"]
    assert all(each.kind is each.KEYWORD_ONLY for each in list(parameters.values())[3:])
    assert {"data", "json", "headers"} <= parameters.keys()
    assert callable(aiohttp.ClientSession._build_url)
    assert isinstance(aiohttp.ClientSession.auto_decompress, property)


def test_aiohttp_reads_through_one_method() -> None:
    """`_clients/aiohttp_bodies.py`: every read takes its bytes from `_read_nowait_chunk` and waits in `_wait`."""
    reader = aiohttp.StreamReader
    for method in (reader.readuntil, reader.readchunk, reader._read_nowait):
        assert "self._read_nowait_chunk(" in inspect.getsource(method)
    for method in (reader.read, reader.readany, reader.read_nowait):
        assert "self._read_nowait(" in inspect.getsource(method)
    for method in (reader.readuntil, reader.readchunk, reader.readany):
        assert "await self._wait(" in inspect.getsource(method)


def test_aiohttp_closes_by_an_exception() -> None:
    """`_clients/aiohttp_bodies.py`, `_failed`: `close` and `release` set a plain `ClientConnectionError`."""
    source = inspect.getsource(aiohttp.client_reqrep)
    assert 'ClientConnectionError("Connection closed")' in source
    assert "_notify_content" in inspect.getsource(aiohttp.ClientResponse.close)
    assert "_notify_content" in inspect.getsource(aiohttp.ClientResponse.release)

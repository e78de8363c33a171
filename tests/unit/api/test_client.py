"""`ApiClient`: the data of a response, its deadline and its maximum size, with responses that a test makes up."""

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._api import client as client_module
from opentelemetry.instrumentation.openrouter._api.client import (
    MAX_BYTES,
    ApiClient,
    UnusableResponseError,
    open_response,
)
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from tests.api_responses import FakeResponse, api_client

WAIT = 30.0  # for what happens at once


def _client(response: FakeResponse, closed: threading.Event | None = None) -> ApiClient:
    @contextlib.contextmanager
    def stream(_: str, __: float) -> Generator[Any, None, None]:
        try:
            yield response
        finally:
            if closed is not None:
                closed.set()

    return ApiClient("https://a.example", "sk-or-canary", stream)


def test_repr_has_no_key() -> None:
    """The representation, which may appear in a traceback or a log, does not contain the API key."""
    assert "canary" not in repr(_client(FakeResponse(iter([]))))


def test_data() -> None:
    """The data arrives in pieces; the request is sent with instrumentation suppressed."""
    enabled: list[bool] = []

    def pieces() -> Iterator[bytes]:
        enabled.append(is_instrumentation_enabled())
        yield from (b' {"da', b"", b'ta": {"limit": 1}}\n')

    assert _client(FakeResponse(pieces())).get_data("/key") == {"limit": 1}
    assert enabled == [False]
    assert is_instrumentation_enabled()


def test_body_that_a_transport_has_read() -> None:
    """A transport of the caller may have read the body already."""
    response = FakeResponse(iter([b'{"data": {"limit": 1}}']))
    response.is_stream_consumed = True
    assert _client(response).get_data("/key") == {"limit": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{}",
        b"[]",
        b"null",
        b'"data"',
        b'{"data": null}',
        b'{"data": {}}',
        b'{"data": [{"limit": 1}]}',
        b'{"error": {"message": "Not found", "code": 404}}',
        b"<html>",
        b"\xff\xfe",
        b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda body: body[:20].decode(errors="replace"),
)
def test_no_data(body: bytes) -> None:
    """A body without data is an error, also if it is nested too deeply to be parsed; the response is closed."""
    closed = threading.Event()
    with pytest.raises((UnusableResponseError, ValueError, RecursionError)):
        _client(FakeResponse(iter([body])), closed).get_data("/key")
    assert closed.is_set()


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500])
def test_other_status(status: int) -> None:
    """The body of any other status is not read."""
    closed = threading.Event()
    response = FakeResponse(iter(lambda: pytest.fail("read"), None), status)
    with pytest.raises(UnusableResponseError) as raised:
        _client(response, closed).get_data("/key")
    assert raised.value.status == status
    assert closed.is_set()


@pytest.mark.parametrize("is_read", [False, True])
def test_long_body(is_read: bool) -> None:
    """A body that does not end is read up to the maximum size."""
    sent: list[int] = []
    pieces = (sent.append(number) or b" " * 65_536 for number in range(100))
    response = FakeResponse(pieces)
    response.is_stream_consumed = is_read
    closed = threading.Event()
    with pytest.raises(UnusableResponseError):
        _client(response, closed).get_data("/key")
    assert closed.is_set()
    if not is_read:
        assert len(sent) == MAX_BYTES // 65_536 + 1


def test_deadline_between_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline applies between the pieces of a body that arrives slowly, and the response is closed."""
    now, closed = [0.0], threading.Event()
    monkeypatch.setattr(client_module, "clock", lambda: now[0])

    def pieces() -> Iterator[bytes]:
        while True:
            now[0] += 7
            assert now[0] < WAIT
            yield b" "

    with pytest.raises(TimeoutError):
        _client(FakeResponse(pieces()), closed).get_data("/key", WAIT / 2)
    assert closed.is_set()


def test_deadline_before_the_request() -> None:
    """A request whose deadline has passed is not sent."""
    with pytest.raises(TimeoutError):
        api_client(lambda *_: pytest.fail("sent")).get_data("/key", -1)


@pytest.mark.parametrize("extensions", [{}, {"network_stream": None}])
def test_open_response(extensions: dict[str, Any]) -> None:
    """The request is not redirected, asks for an uncompressed body, and the response is closed.

    The connection is closed too if the caller has closed the client meanwhile.
    """
    sent: list[Any] = []

    class Stream:
        def close(self) -> None:
            sent.append("connection closed")

    class Http:
        is_closed = False

        def __init__(self) -> None:
            self.extensions = {name: Stream() for name in extensions}

        def build_request(self, *args: Any, **kwargs: Any) -> Any:
            return args, kwargs

        def send(self, request: Any, **kwargs: Any) -> Any:
            sent.append((request, kwargs))
            return self

        def close(self) -> None:
            sent.append("closed")

    http = Http()
    with open_response(http, "https://a.example/key", {"authorization": "k", "accept-encoding": "br"}, 1.5) as response:
        assert response is http
        http.is_closed = True
    headers = {"authorization": "k", "accept-encoding": "identity"}
    assert sent == [
        (
            (("GET", "https://a.example/key"), {"headers": headers, "timeout": 1.5}),
            {"stream": True, "follow_redirects": False},
        ),
        "closed",
        *(["connection closed"] if extensions else []),
    ]

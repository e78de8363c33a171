"""A client for OpenRouter's own API (`/key`, `/generation`) with the caller's credentials.

It sends only for options that the user enabled, and no call waits for it. The key and the headers stay in memory.
One deadline applies to all of a request, and its body has a maximum size.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from opentelemetry.instrumentation.utils import suppress_instrumentation

from .._wire.fields import mapping, parse_json
from .request_threads import REQUEST_THREADS

TIMEOUT: Final = 5.0
"""Seconds that one request may take, from the connection to the last byte of the body."""
MAX_BYTES: Final = 262_144
"""The maximum size of a body; a record has 2 KB."""

clock = time.monotonic


class Response(Protocol):
    """What is read of an httpx response."""

    status_code: int
    is_stream_consumed: bool
    """True if a transport of the caller has read the body already, as mocks and caches do."""

    @property
    def content(self) -> bytes:
        """The body that has been read."""
        ...

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body as it arrives."""
        ...


class UnusableResponseError(Exception):
    """A response without data."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True, repr=False)
class ApiClient:
    """One API key at one base URL."""

    base_url: str
    key: str
    stream: Callable[[str, float], AbstractContextManager[Response]]
    """Sends GET to a path below the base URL, with a timeout in seconds for each read; closes the response."""

    def __post_init__(self) -> None:
        """Start the thread that sends: a call starts now, and its stream may be open when the interpreter exits."""
        REQUEST_THREADS.start()

    def get_data(self, path: str, timeout: float = TIMEOUT) -> Mapping[str, Any]:
        """Return the field `data` of a response: https://openrouter.ai/docs/api/api-reference.

        Args:
            path: such as `/key`.
            timeout: seconds; never exceeded, whatever the server does.

        Raises:
            UnusableResponseError: the status is not 200, or the body has no data or is too long.
            Exception: what the HTTP library or the JSON parser raises, or `TimeoutError`.
        """
        deadline = clock() + timeout
        return REQUEST_THREADS.run(partial(self._receive, path, deadline), timeout)

    def _receive(self, path: str, deadline: float) -> Mapping[str, Any]:
        with suppress_instrumentation(), self.stream(path, _remaining(deadline)) as response:
            if response.status_code != 200:  # noqa: PLR2004 - a redirect is not followed: the key is for this host
                raise UnusableResponseError(response.status_code)
            data = mapping(mapping(parse_json(_body(response, deadline))).get("data"))
            if not data:
                raise UnusableResponseError(response.status_code)
            return data


def _body(response: Response, deadline: float) -> bytes:
    body = bytearray()
    for piece in (response.content,) if response.is_stream_consumed else response.iter_raw():
        body += piece
        if len(body) > MAX_BYTES:
            raise UnusableResponseError(response.status_code)
        _remaining(deadline)
    return bytes(body)


def _remaining(deadline: float) -> float:
    """Return the seconds until *deadline*; raise `TimeoutError` if it has passed."""
    seconds = deadline - clock()
    if seconds <= 0:
        raise TimeoutError
    return seconds


@contextmanager
def open_response(http: Any, url: str, headers: Mapping[str, str], timeout: float) -> Generator[Response, None, None]:
    """Send GET with *http*, an httpx client, and yield the response before its body is read.

    Args:
        http: the client.
        url: the URL.
        headers: with the key.
        timeout: seconds for each read.
    """
    # A compressed body could be a thousand times larger than the bytes that are counted.
    headers = {**headers, "accept-encoding": "identity"}
    request = http.build_request("GET", url, headers=headers, timeout=timeout)
    response = http.send(request, stream=True, follow_redirects=False)
    try:
        yield response
    finally:
        response.close()
        if getattr(http, "is_closed", False) and (stream := response.extensions.get("network_stream")) is not None:
            # The caller has closed the client meanwhile: nothing would close the connection that it keeps now.
            # https://www.python-httpx.org/advanced/extensions/#network_stream
            stream.close()

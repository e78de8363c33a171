"""An API client whose responses a test makes up, without an HTTP library."""

import contextlib
import json
from collections.abc import Callable, Generator, Iterator
from typing import Any

from opentelemetry.instrumentation.openrouter._api.client import ApiClient


class FakeResponse:
    """A response whose body arrives in pieces."""

    def __init__(self, pieces: Iterator[bytes], status: int = 200) -> None:
        self.status_code, self._pieces = status, pieces
        self.is_stream_consumed = False

    @property
    def content(self) -> bytes:
        """The body."""
        return b"".join(self._pieces)

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body in pieces."""
        yield from self._pieces


def api_client(answer: Callable[[str, float], object], base_url: str = "", key: str = "") -> ApiClient:
    """Return a client whose responses are what *answer* returns for a path and a timeout, as JSON."""

    @contextlib.contextmanager
    def stream(path: str, timeout: float) -> Generator[Any, None, None]:
        body = json.dumps(answer(path, timeout)).encode()
        yield FakeResponse(iter([body]))

    return ApiClient(base_url, key, stream)

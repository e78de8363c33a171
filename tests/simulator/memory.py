"""A simulated OpenRouter in memory: HTTP transports that send a reply in given pieces and may raise any exception.

It is faster than a socket for tests that repeat a call thousands of times, and it can cut a body at an exact byte.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import openai

# httpx, or httpx2 if the SDK uses it.
http: Final[Any] = importlib.import_module(type(openai.DefaultHttpxClient()).__mro__[1].__module__.partition(".")[0])
BASE_URL: Final = "https://openrouter.ai/api/v1"


@dataclass
class MemoryReply:
    """The reply to each request."""

    pieces: Sequence[bytes] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error: Callable[[], BaseException] | None = None
    """Makes the exception that is raised after the last piece, or instead of a response if `refuses`."""
    refuses: bool = False

    def response(self) -> Any:
        """Return the HTTP library's response, unread."""
        if self.refuses and self.error is not None:
            raise self.error()
        headers = {"content-type": self.content_type, **self.headers}
        return http.Response(self.status, headers=headers, stream=_Pieces(self))


class _Pieces(http.SyncByteStream, http.AsyncByteStream):
    def __init__(self, reply: MemoryReply) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        yield from self._reply.pieces
        if self._reply.error is not None:
            raise self._reply.error()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            await asyncio.sleep(0)
            yield piece


def _respond(reply: MemoryReply, _: object) -> Any:
    return reply.response()


def client_of(reply: MemoryReply, **options: Any) -> openai.OpenAI:
    """Return a client that receives *reply* for each call."""
    transport = http.MockTransport(partial(_respond, reply))
    merged: dict[str, Any] = {"api_key": "sk-or-canary", "max_retries": 0, "base_url": BASE_URL, **options}
    return openai.OpenAI(http_client=http.Client(transport=transport), **merged)


def async_client_of(reply: MemoryReply, **options: Any) -> openai.AsyncOpenAI:
    """Return an async client that receives *reply*; it yields to the loop before each response and each piece."""

    async def handle(_: Any) -> Any:
        await asyncio.sleep(0)
        return reply.response()

    merged: dict[str, Any] = {"api_key": "sk-or-canary", "max_retries": 0, "base_url": BASE_URL, **options}
    return openai.AsyncOpenAI(http_client=http.AsyncClient(transport=http.MockTransport(handle)), **merged)

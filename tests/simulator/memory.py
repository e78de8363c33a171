"""An OpenRouter in memory: HTTP transports whose answer comes in given pieces, and may end in any exception.

Faster than a socket, for what is tried thousands of times; and what is cut, is cut at the very byte.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import openai

# httpx, or httpx2 where the SDK has that.
http: Final[Any] = importlib.import_module(type(openai.DefaultHttpxClient()).__mro__[1].__module__.partition(".")[0])
BASE_URL: Final = "https://openrouter.ai/api/v1"


@dataclass
class Answer:
    """What comes for each request."""

    pieces: Sequence[bytes] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error: Callable[[], BaseException] | None = None
    """Makes what is raised after the last piece, or in place of an answer where `refuses`."""
    refuses: bool = False

    def response(self) -> Any:
        """The HTTP library's response, unread."""
        if self.refuses and self.error is not None:
            raise self.error()
        headers = {"content-type": self.content_type, **self.headers}
        return http.Response(self.status, headers=headers, stream=_Pieces(self))


class _Pieces(http.SyncByteStream, http.AsyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.pieces
        if self._answer.error is not None:
            raise self._answer.error()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            await asyncio.sleep(0)
            yield piece


def _respond(answer: Answer, _: object) -> Any:
    return answer.response()


def client_of(answer: Answer, **options: Any) -> openai.OpenAI:
    """A client whose calls are all answered so."""
    transport = http.MockTransport(partial(_respond, answer))
    given: dict[str, Any] = {"api_key": "sk-or-canary", "max_retries": 0, "base_url": BASE_URL, **options}
    return openai.OpenAI(http_client=http.Client(transport=transport), **given)


def async_client_of(answer: Answer, **options: Any) -> openai.AsyncOpenAI:
    """The same, async; it yields to the loop before each answer and each piece."""

    async def handle(_: Any) -> Any:
        await asyncio.sleep(0)
        return answer.response()

    given: dict[str, Any] = {"api_key": "sk-or-canary", "max_retries": 0, "base_url": BASE_URL, **options}
    return openai.AsyncOpenAI(http_client=http.AsyncClient(transport=http.MockTransport(handle)), **given)

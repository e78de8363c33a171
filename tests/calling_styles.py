"""Every way to call an endpoint through the SDK, each reading its answer to the end.

A way takes a scenario's base URL and a request and returns what the caller got, as plain data, so that runs with and
without the instrumentation can be compared. A way that the installed SDK does not have is left out.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import openai
from openai._legacy_response import HttpxBinaryResponseContent
from openai.resources.audio import Transcriptions
from openai.resources.chat import Completions
from openai.resources.images import Images
from openai.types import Completion, CreateEmbeddingResponse, ImagesResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

Way = Callable[[str, dict[str, Any]], Any]

OPTIONS: Final[dict[str, Any]] = {"api_key": "sk-or-canary", "max_retries": 0}
HAS_HELPERS: Final = hasattr(Completions, "stream")
HAS_RESPONSES: Final = hasattr(openai.OpenAI, "responses")


@dataclass(frozen=True)
class Endpoint:
    """Where the SDK keeps the methods of one path."""

    path: str
    resource: str = ""
    """Dotted, below the client; empty where the SDK has no method, only `client.post`."""
    model: Any = object
    chunk: Any = object
    method: str = "create"
    without: tuple[str, ...] = ()
    """Names of ways that it does not have."""

    def of(self, client: Any) -> Any:
        """Its methods."""
        for name in self.resource.split("."):
            client = getattr(client, name)
        return client

    def call(self, resource: Any, request: dict[str, Any], **more: Any) -> Any:
        """Its main method."""
        return getattr(resource, self.method)(**request, **more)


def plain(answer: Any) -> Any:
    """An answer of the SDK as plain data; random names that the SDK makes up are none of it."""
    if isinstance(answer, HttpxBinaryResponseContent):
        return answer.content
    return answer.to_dict(mode="json") if hasattr(answer, "to_dict") else answer


def _final(stream: Any) -> Any:
    return stream.get_final_response() if hasattr(stream, "get_final_response") else stream.get_final_completion()


def _create(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(at.call(at.of(client), request))


def _raw(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(at.call(at.of(client).with_raw_response, request).parse())


def _raw_unparsed(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return at.call(at.of(client).with_raw_response, request).text


def _streaming_response(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with at.call(at.of(client).with_streaming_response, request) as response:
        return plain(response.parse())


def _streaming_response_json(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with at.call(at.of(client).with_streaming_response, request) as response:
        return response.json()


def _streaming_response_read(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with at.call(at.of(client).with_streaming_response, request) as response:
        return response.read()


def _post(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(client.post(at.path, cast_to=at.model, body=_wire(request)))


def _post_object(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return client.post(at.path, cast_to=object, body=_wire(request))


def _parse(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(at.of(client).parse(**request))


def _raw_parse(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(at.of(client).with_raw_response.parse(**request).parse())


def _stream(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return [plain(chunk) for chunk in at.call(at.of(client), request, stream=True)]


def _stream_by_next(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    stream = at.call(at.of(client), request, stream=True)
    chunks: list[Any] = []
    while (chunk := next(stream, None)) is not None:
        chunks.append(plain(chunk))
    return chunks


def _stream_with(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with at.call(at.of(client), request, stream=True) as stream:
        return [plain(chunk) for chunk in stream]


def _raw_stream(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    raw = at.call(at.of(client).with_raw_response, request, stream=True)
    return [plain(chunk) for chunk in raw.parse()]


def _streaming_response_stream(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with at.call(at.of(client).with_streaming_response, request, stream=True) as response:
        return [plain(chunk) for chunk in response.parse()]


def _post_stream(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    stream = client.post(
        at.path,
        cast_to=at.model,
        body={**_wire(request), "stream": True},
        stream=True,
        stream_cls=openai.Stream[at.chunk],
    )
    return [plain(chunk) for chunk in stream]


def _helper(at: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with at.of(client).stream(**request) as stream:
        for _ in stream:
            pass
        return plain(_final(stream))


async def _acreate(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain(await at.call(at.of(client), request))


async def _araw(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain((await at.call(at.of(client).with_raw_response, request)).parse())


async def _araw_unparsed(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return (await at.call(at.of(client).with_raw_response, request)).text


async def _astreaming_response(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with at.call(at.of(client).with_streaming_response, request) as response:
        return plain(await response.parse())


async def _astreaming_response_json(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with at.call(at.of(client).with_streaming_response, request) as response:
        return await response.json()


async def _astreaming_response_read(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with at.call(at.of(client).with_streaming_response, request) as response:
        return await response.read()


async def _apost(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain(await client.post(at.path, cast_to=at.model, body=_wire(request)))


async def _aparse(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain(await at.of(client).parse(**request))


async def _astream(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return [plain(chunk) async for chunk in await at.call(at.of(client), request, stream=True)]


async def _astream_by_next(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    stream = await at.call(at.of(client), request, stream=True)
    chunks: list[Any] = []
    while True:
        try:
            chunks.append(plain(await stream.__anext__()))
        except StopAsyncIteration:  # noqa: PERF203 - the end of the stream
            return chunks


async def _astream_with(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with await at.call(at.of(client), request, stream=True) as stream:
        return [plain(chunk) async for chunk in stream]


async def _araw_stream(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    raw = await at.call(at.of(client).with_raw_response, request, stream=True)
    return [plain(chunk) async for chunk in raw.parse()]


async def _astreaming_response_stream(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with at.call(at.of(client).with_streaming_response, request, stream=True) as response:
        return [plain(chunk) async for chunk in await response.parse()]


async def _ahelper(at: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with at.of(client).stream(**request) as stream:
        async for _ in stream:
            pass
        return plain(await _final(stream))


def _wire(request: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in request.items() if key != "extra_body"}, **request.get("extra_body", {})}


def _responses() -> Mapping[str, Endpoint]:
    if not HAS_RESPONSES:
        return {}
    from openai.resources.responses import Responses  # noqa: PLC0415 - older SDKs have none
    from openai.types.responses import Response, ResponseStreamEvent  # noqa: PLC0415 - the same

    without = () if hasattr(Responses, "parse") else _PARSED
    return {"responses": Endpoint("/responses", "responses", Response, ResponseStreamEvent, without=without)}


def _sync(way: Callable[[openai.OpenAI, dict[str, Any]], Any]) -> Way:
    def run(base_url: str, request: dict[str, Any]) -> Any:
        with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
            return way(client, request)

    return run


def _async(way: Callable[[openai.AsyncOpenAI, dict[str, Any]], Awaitable[Any]]) -> Way:
    async def main(base_url: str, request: dict[str, Any]) -> Any:
        async with openai.AsyncOpenAI(base_url=base_url, **OPTIONS) as client:
            return await way(client, request)

    def run(base_url: str, request: dict[str, Any]) -> Any:
        return asyncio.run(main(base_url, request))

    return run


WHOLE_WAYS: Final[Mapping[str, Callable[..., Any]]] = {
    "create": _create,
    "raw": _raw,
    "raw unparsed": _raw_unparsed,
    "streaming response": _streaming_response,
    "streaming response json": _streaming_response_json,
    "streaming response read": _streaming_response_read,
    "post": _post,
    "post object": _post_object,
    "parse": _parse,
    "raw parse": _raw_parse,
    "async create": _acreate,
    "async raw": _araw,
    "async raw unparsed": _araw_unparsed,
    "async streaming response": _astreaming_response,
    "async streaming response json": _astreaming_response_json,
    "async streaming response read": _astreaming_response_read,
    "async post": _apost,
    "async parse": _aparse,
}
"""Ways to get a whole answer."""

STREAMED_WAYS: Final[Mapping[str, Callable[..., Any]]] = {
    "stream": _stream,
    "stream by next": _stream_by_next,
    "stream with": _stream_with,
    "raw stream": _raw_stream,
    "streaming response stream": _streaming_response_stream,
    "post stream": _post_stream,
    "helper": _helper,
    "async stream": _astream,
    "async stream by next": _astream_by_next,
    "async stream with": _astream_with,
    "async raw stream": _araw_stream,
    "async streaming response stream": _astreaming_response_stream,
    "async helper": _ahelper,
}
"""Ways to read a stream to its end."""


def _unstreamed(method: Any) -> tuple[str, ...]:
    """All streamed ways but by `client.post`, where the SDK's method takes no `stream` yet."""
    known = "stream" in inspect.signature(method).parameters
    return () if known else tuple(name for name in STREAMED_WAYS if name not in _POSTED)


_PARSED: Final = ("parse", "raw parse", "async parse", "helper", "async helper")
_POSTED: Final = ("post", "post object", "post stream", "async post")
_JSON: Final = ("streaming response", "streaming response json", "raw unparsed")
_NO_JSON: Final = (*_JSON, *(f"async {name}" for name in _JSON))

_MOST: Final[Mapping[str, Endpoint]] = {
    "chat": Endpoint(
        "/chat/completions",
        "chat.completions",
        ChatCompletion,
        ChatCompletionChunk,
        without=() if HAS_HELPERS else _PARSED,
    ),
    "completions": Endpoint("/completions", "completions", Completion, Completion, without=_PARSED),
    "embeddings": Endpoint("/embeddings", "embeddings", CreateEmbeddingResponse, without=_PARSED),
    "rerank": Endpoint("/rerank", model=object),
    "images": Endpoint("/images", model=ImagesResponse, chunk=object),
    "generations": Endpoint(
        "/images/generations",
        "images",
        ImagesResponse,
        object,
        method="generate",
        without=(*_PARSED, *_unstreamed(Images.generate)),
    ),
    "speech": Endpoint("/audio/speech", "audio.speech", without=(*_PARSED, *_POSTED, *_NO_JSON)),
    "transcription": Endpoint(
        "/audio/transcriptions",
        "audio.transcriptions",
        without=(*_PARSED, *_POSTED, *_unstreamed(Transcriptions.create)),
    ),
}
ENDPOINTS: Final[Mapping[str, Endpoint]] = {**_MOST, **_responses()}


def ways(endpoint: str) -> tuple[Mapping[str, Way], Mapping[str, Way]]:
    """The ways to get a whole answer of an endpoint, and those to read a stream of it; none where the SDK has none."""
    if endpoint not in ENDPOINTS:
        return {}, {}
    at = ENDPOINTS[endpoint]

    def chosen(table: Mapping[str, Callable[..., Any]]) -> Mapping[str, Way]:
        return {
            name: (_async if name.startswith("async") else _sync)(partial(way, at))
            for name, way in table.items()
            if name not in at.without and (at.resource or name in _POSTED)
        }

    return chosen(WHOLE_WAYS), chosen(STREAMED_WAYS)


WHOLE, STREAMED = ways("chat")


def outcome(way: Way, base_url: str, request: dict[str, Any]) -> Any:
    """What the caller got: an answer, or an exception as its type and words."""
    try:
        return way(base_url, request)
    except Exception as error:  # noqa: BLE001 - the outcome may be any
        return type(error), str(error), getattr(error, "body", None)

"""Every calling style of the OpenAI SDK: functions that call one endpoint and read the response to its end.

A calling style takes a scenario's base URL and a request. It returns the result as plain data, so that runs with and
without the instrumentation can be compared. Styles that the installed SDK does not have are left out.
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

CallingStyle = Callable[[str, dict[str, Any]], Any]

OPTIONS: Final[dict[str, Any]] = {"api_key": "sk-or-canary", "max_retries": 0, "timeout": None}
"""Options of a client. The SDK's own time limit, 5 s to connect, would depend on how busy the machine is."""
HAS_HELPERS: Final = hasattr(Completions, "stream")
HAS_RESPONSES: Final = hasattr(openai.OpenAI, "responses")


@dataclass(frozen=True)
class Endpoint:
    """The SDK's methods for one path."""

    path: str
    resource: str = ""
    """Dotted path below the client; empty if the SDK has no method for the endpoint, only `client.post`."""
    model: Any = object
    chunk: Any = object
    method: str = "create"
    missing_styles: tuple[str, ...] = ()
    """Names of the styles that the endpoint does not have."""

    def resource_of(self, client: Any) -> Any:
        """Return the resource that has the endpoint's methods."""
        for name in self.resource.split("."):
            client = getattr(client, name)
        return client

    def call_method(self, resource: Any, request: dict[str, Any], **more: Any) -> Any:
        """Call the endpoint's main method."""
        return getattr(resource, self.method)(**request, **more)


def to_data(result: Any) -> Any:
    """Return the SDK's result as plain data, without the random names that the SDK generates."""
    if isinstance(result, HttpxBinaryResponseContent):
        return result.content
    # A content of blocks is not what the SDK's models declare, which is only a warning.
    return result.to_dict(mode="json", warnings=False) if hasattr(result, "to_dict") else result


def _final(stream: Any) -> Any:
    return stream.get_final_response() if hasattr(stream, "get_final_response") else stream.get_final_completion()


def _create(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return to_data(endpoint.call_method(endpoint.resource_of(client), request))


def _raw(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return to_data(endpoint.call_method(endpoint.resource_of(client).with_raw_response, request).parse())


def _raw_unparsed(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return endpoint.call_method(endpoint.resource_of(client).with_raw_response, request).text


def _streaming_response(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request) as response:
        return to_data(response.parse())


def _streaming_response_json(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request) as response:
        return response.json()


def _streaming_response_read(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request) as response:
        return response.read()


def _post(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return to_data(client.post(endpoint.path, cast_to=endpoint.model, body=_wire(request)))


def _post_object(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return client.post(endpoint.path, cast_to=object, body=_wire(request))


def _parse(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return to_data(endpoint.resource_of(client).parse(**request))


def _raw_parse(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return to_data(endpoint.resource_of(client).with_raw_response.parse(**request).parse())


def _stream(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return [to_data(chunk) for chunk in endpoint.call_method(endpoint.resource_of(client), request, stream=True)]


def _stream_by_next(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    stream = endpoint.call_method(endpoint.resource_of(client), request, stream=True)
    chunks: list[Any] = []
    while (chunk := next(stream, None)) is not None:
        chunks.append(to_data(chunk))
    return chunks


def _stream_with(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with endpoint.call_method(endpoint.resource_of(client), request, stream=True) as stream:
        return [to_data(chunk) for chunk in stream]


def _raw_stream(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    raw = endpoint.call_method(endpoint.resource_of(client).with_raw_response, request, stream=True)
    return [to_data(chunk) for chunk in raw.parse()]


def _streaming_response_stream(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request, stream=True) as response:
        return [to_data(chunk) for chunk in response.parse()]


def _post_stream(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    stream = client.post(
        endpoint.path,
        cast_to=endpoint.model,
        body={**_wire(request), "stream": True},
        stream=True,
        stream_cls=openai.Stream[endpoint.chunk],
    )
    return [to_data(chunk) for chunk in stream]


def _helper(endpoint: Endpoint, client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with endpoint.resource_of(client).stream(**request) as stream:
        for _ in stream:
            pass
        return to_data(_final(stream))


async def _acreate(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return to_data(await endpoint.call_method(endpoint.resource_of(client), request))


async def _araw(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return to_data((await endpoint.call_method(endpoint.resource_of(client).with_raw_response, request)).parse())


async def _araw_unparsed(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return (await endpoint.call_method(endpoint.resource_of(client).with_raw_response, request)).text


async def _astreaming_response(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request) as response:
        return to_data(await response.parse())


async def _astreaming_response_json(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request) as response:
        return await response.json()


async def _astreaming_response_read(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with endpoint.call_method(endpoint.resource_of(client).with_streaming_response, request) as response:
        return await response.read()


async def _apost(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return to_data(await client.post(endpoint.path, cast_to=endpoint.model, body=_wire(request)))


async def _aparse(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return to_data(await endpoint.resource_of(client).parse(**request))


async def _astream(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return [
        to_data(chunk) async for chunk in await endpoint.call_method(endpoint.resource_of(client), request, stream=True)
    ]


async def _astream_by_next(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    stream = await endpoint.call_method(endpoint.resource_of(client), request, stream=True)
    chunks: list[Any] = []
    while True:
        try:
            chunks.append(to_data(await stream.__anext__()))
        except StopAsyncIteration:  # noqa: PERF203 - the end of the stream
            return chunks


async def _astream_with(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with await endpoint.call_method(endpoint.resource_of(client), request, stream=True) as stream:
        return [to_data(chunk) async for chunk in stream]


async def _araw_stream(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    raw = await endpoint.call_method(endpoint.resource_of(client).with_raw_response, request, stream=True)
    return [to_data(chunk) async for chunk in raw.parse()]


async def _astreaming_response_stream(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with endpoint.call_method(
        endpoint.resource_of(client).with_streaming_response, request, stream=True
    ) as response:
        return [to_data(chunk) async for chunk in await response.parse()]


async def _ahelper(endpoint: Endpoint, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with endpoint.resource_of(client).stream(**request) as stream:
        async for _ in stream:
            pass
        return to_data(await _final(stream))


def _wire(request: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in request.items() if key != "extra_body"}, **request.get("extra_body", {})}


def _responses() -> Mapping[str, Endpoint]:
    if not HAS_RESPONSES:
        return {}
    from openai.resources.responses import Responses  # noqa: PLC0415 - older SDKs do not have it
    from openai.types.responses import Response, ResponseStreamEvent  # noqa: PLC0415 - older SDKs do not have it

    missing_styles = () if hasattr(Responses, "parse") else _PARSED
    return {
        "responses": Endpoint("/responses", "responses", Response, ResponseStreamEvent, missing_styles=missing_styles)
    }


def _sync(style: Callable[[openai.OpenAI, dict[str, Any]], Any]) -> CallingStyle:
    def run(base_url: str, request: dict[str, Any]) -> Any:
        with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
            return style(client, request)

    return run


def _async(style: Callable[[openai.AsyncOpenAI, dict[str, Any]], Awaitable[Any]]) -> CallingStyle:
    async def main(base_url: str, request: dict[str, Any]) -> Any:
        async with openai.AsyncOpenAI(base_url=base_url, **OPTIONS) as client:
            return await style(client, request)

    def run(base_url: str, request: dict[str, Any]) -> Any:
        return asyncio.run(main(base_url, request))

    return run


NON_STREAMED_STYLES: Final[Mapping[str, Callable[..., Any]]] = {
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
"""Styles that return a complete response."""

STREAMED_STYLES: Final[Mapping[str, Callable[..., Any]]] = {
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
"""Styles that read a stream to its end."""


def _unsupported_streamed_styles(method: Any) -> tuple[str, ...]:
    """Return the streamed styles to leave out: all but `post stream` if the method does not take `stream` yet."""
    takes_stream = "stream" in inspect.signature(method).parameters
    return () if takes_stream else tuple(name for name in STREAMED_STYLES if name not in _POSTED)


_PARSED: Final = ("parse", "raw parse", "async parse", "helper", "async helper")
_POSTED: Final = ("post", "post object", "post stream", "async post")
_JSON: Final = ("streaming response", "streaming response json", "raw unparsed")
_NO_JSON: Final = (*_JSON, *(f"async {name}" for name in _JSON))

_ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "chat": Endpoint(
        "/chat/completions",
        "chat.completions",
        ChatCompletion,
        ChatCompletionChunk,
        missing_styles=() if HAS_HELPERS else _PARSED,
    ),
    "completions": Endpoint("/completions", "completions", Completion, Completion, missing_styles=_PARSED),
    "embeddings": Endpoint("/embeddings", "embeddings", CreateEmbeddingResponse, missing_styles=_PARSED),
    "rerank": Endpoint("/rerank", model=object),
    "systemone": Endpoint("/systemone", model=object),
    "videos": Endpoint("/videos", model=object),
    "batches": Endpoint("/batches", model=object),
    "images": Endpoint("/images", model=ImagesResponse, chunk=object),
    "generations": Endpoint(
        "/images/generations",
        "images",
        ImagesResponse,
        object,
        method="generate",
        missing_styles=(*_PARSED, *_unsupported_streamed_styles(Images.generate)),
    ),
    "speech": Endpoint("/audio/speech", "audio.speech", missing_styles=(*_PARSED, *_POSTED, *_NO_JSON)),
    "transcription": Endpoint(
        "/audio/transcriptions",
        "audio.transcriptions",
        missing_styles=(*_PARSED, *_POSTED, *_unsupported_streamed_styles(Transcriptions.create)),
    ),
}
ENDPOINTS: Final[Mapping[str, Endpoint]] = {**_ENDPOINTS, **_responses()}


def styles_of(name: str) -> tuple[Mapping[str, CallingStyle], Mapping[str, CallingStyle]]:
    """Return the non-streamed and the streamed styles of an endpoint; empty if the SDK does not have the endpoint."""
    if name not in ENDPOINTS:
        return {}, {}
    endpoint = ENDPOINTS[name]

    def select(table: Mapping[str, Callable[..., Any]]) -> Mapping[str, CallingStyle]:
        return {
            style_name: (_async if style_name.startswith("async") else _sync)(partial(style, endpoint))
            for style_name, style in table.items()
            if style_name not in endpoint.missing_styles and (endpoint.resource or style_name in _POSTED)
        }

    return select(NON_STREAMED_STYLES), select(STREAMED_STYLES)


NON_STREAMED, STREAMED = styles_of("chat")


def outcome(style: CallingStyle, base_url: str, request: dict[str, Any]) -> Any:
    """Return the caller's result, or the exception's type, message and body."""
    try:
        return style(base_url, request)
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return type(error), str(error), getattr(error, "body", None)

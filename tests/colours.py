"""Every way to call chat completions through the SDK, each reading its answer to the end.

A way takes a scenario's base URL and a request and returns what the caller got, as plain data, so that runs with and
without the instrumentation can be compared. A way that the installed SDK does not have is left out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import openai
from openai.resources.chat import Completions
from openai.types.chat import ChatCompletion, ChatCompletionChunk

Way = Callable[[str, dict[str, Any]], Any]

OPTIONS: Final[dict[str, Any]] = {"api_key": "sk-or-canary", "max_retries": 0}
HAS_HELPERS: Final = hasattr(Completions, "stream")


def plain(answer: Any) -> Any:
    """An answer of the SDK as plain data; random names that the SDK makes up are none of it."""
    return answer.to_dict(mode="json") if hasattr(answer, "to_dict") else answer


def _create(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(client.chat.completions.create(**request))


def _raw(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(client.chat.completions.with_raw_response.create(**request).parse())


def _raw_unparsed(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return client.chat.completions.with_raw_response.create(**request).text


def _streaming_response(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with client.chat.completions.with_streaming_response.create(**request) as response:
        return plain(response.parse())


def _streaming_response_json(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with client.chat.completions.with_streaming_response.create(**request) as response:
        return response.json()


def _post(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(client.post("/chat/completions", cast_to=ChatCompletion, body=_wire(request)))


def _post_object(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return client.post("/chat/completions", cast_to=object, body=_wire(request))


def _parse(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(client.chat.completions.parse(**request))


def _raw_parse(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return plain(client.chat.completions.with_raw_response.parse(**request).parse())


def _stream(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    return [plain(chunk) for chunk in client.chat.completions.create(**request, stream=True)]


def _stream_by_next(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    stream = client.chat.completions.create(**request, stream=True)
    chunks: list[Any] = []
    while (chunk := next(stream, None)) is not None:
        chunks.append(plain(chunk))
    return chunks


def _stream_with(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with client.chat.completions.create(**request, stream=True) as stream:
        return [plain(chunk) for chunk in stream]


def _raw_stream(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    raw = client.chat.completions.with_raw_response.create(**request, stream=True)
    return [plain(chunk) for chunk in raw.parse()]


def _streaming_response_stream(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with client.chat.completions.with_streaming_response.create(**request, stream=True) as response:
        return [plain(chunk) for chunk in response.parse()]


def _post_stream(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    stream = client.post(
        "/chat/completions",
        cast_to=ChatCompletion,
        body={**_wire(request), "stream": True},
        stream=True,
        stream_cls=openai.Stream[ChatCompletionChunk],
    )
    return [plain(chunk) for chunk in stream]


def _helper(client: openai.OpenAI, request: dict[str, Any]) -> Any:
    with client.chat.completions.stream(**request) as stream:
        for _ in stream:
            pass
        return plain(stream.get_final_completion())


async def _acreate(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain(await client.chat.completions.create(**request))


async def _araw(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain((await client.chat.completions.with_raw_response.create(**request)).parse())


async def _araw_unparsed(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return (await client.chat.completions.with_raw_response.create(**request)).text


async def _astreaming_response(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with client.chat.completions.with_streaming_response.create(**request) as response:
        return plain(await response.parse())


async def _astreaming_response_json(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with client.chat.completions.with_streaming_response.create(**request) as response:
        return await response.json()


async def _apost(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain(await client.post("/chat/completions", cast_to=ChatCompletion, body=_wire(request)))


async def _aparse(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return plain(await client.chat.completions.parse(**request))


async def _astream(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    return [plain(chunk) async for chunk in await client.chat.completions.create(**request, stream=True)]


async def _astream_by_next(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    stream = await client.chat.completions.create(**request, stream=True)
    chunks: list[Any] = []
    while True:
        try:
            chunks.append(plain(await stream.__anext__()))
        except StopAsyncIteration:  # noqa: PERF203 - the end of the stream
            return chunks


async def _astream_with(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with await client.chat.completions.create(**request, stream=True) as stream:
        return [plain(chunk) async for chunk in stream]


async def _araw_stream(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    raw = await client.chat.completions.with_raw_response.create(**request, stream=True)
    return [plain(chunk) async for chunk in raw.parse()]


async def _astreaming_response_stream(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with client.chat.completions.with_streaming_response.create(**request, stream=True) as response:
        return [plain(chunk) async for chunk in await response.parse()]


async def _ahelper(client: openai.AsyncOpenAI, request: dict[str, Any]) -> Any:
    async with client.chat.completions.stream(**request) as stream:
        async for _ in stream:
            pass
        return plain(await stream.get_final_completion())


def _wire(request: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in request.items() if key != "extra_body"}, **request.get("extra_body", {})}


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


WHOLE: Final[Mapping[str, Way]] = {
    "create": _sync(_create),
    "raw": _sync(_raw),
    "raw unparsed": _sync(_raw_unparsed),
    "streaming response": _sync(_streaming_response),
    "streaming response json": _sync(_streaming_response_json),
    "post": _sync(_post),
    "post object": _sync(_post_object),
    "async create": _async(_acreate),
    "async raw": _async(_araw),
    "async raw unparsed": _async(_araw_unparsed),
    "async streaming response": _async(_astreaming_response),
    "async streaming response json": _async(_astreaming_response_json),
    "async post": _async(_apost),
    **({"parse": _sync(_parse), "raw parse": _sync(_raw_parse), "async parse": _async(_aparse)} if HAS_HELPERS else {}),
}
"""Ways to get a whole answer."""

STREAMED: Final[Mapping[str, Way]] = {
    "stream": _sync(_stream),
    "stream by next": _sync(_stream_by_next),
    "stream with": _sync(_stream_with),
    "raw stream": _sync(_raw_stream),
    "streaming response stream": _sync(_streaming_response_stream),
    "post stream": _sync(_post_stream),
    "async stream": _async(_astream),
    "async stream by next": _async(_astream_by_next),
    "async stream with": _async(_astream_with),
    "async raw stream": _async(_araw_stream),
    "async streaming response stream": _async(_astreaming_response_stream),
    **({"helper": _sync(_helper), "async helper": _async(_ahelper)} if HAS_HELPERS else {}),
}
"""Ways to read a stream to its end."""


def outcome(way: Way, base_url: str, request: dict[str, Any]) -> Any:
    """What the caller got: an answer, or an exception as its type and words."""
    try:
        return way(base_url, request)
    except Exception as error:  # noqa: BLE001 - the outcome may be any
        return type(error), str(error), getattr(error, "body", None)

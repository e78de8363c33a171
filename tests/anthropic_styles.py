"""Every calling style of the Anthropic SDK: functions that call `/messages` and read the response to its end.

As in `calling_styles`, a style takes a scenario's base URL and a request, and returns the result as plain data. Styles
that the installed SDK does not have are left out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import anthropic
from anthropic.types import Message, RawMessageStreamEvent

CallingStyle = Callable[[str, dict[str, Any]], Any]

OPTIONS: Final[dict[str, Any]] = {"api_key": "sk-or-canary", "max_retries": 0}
_Messages: Final[Any] = type(anthropic.Anthropic(**OPTIONS).messages)
HAS_PARSE: Final = hasattr(_Messages, "parse")


def anthropic_url(base_url: str) -> str:
    """Return the `base_url` for this SDK: its paths include the version."""
    return base_url.removesuffix("/v1")


def to_data(result: Any) -> Any:
    """Return the SDK's result as plain data; an event of the helpers has a snapshot, which is the message so far."""
    return result.to_dict(mode="json") if hasattr(result, "to_dict") else result


def _stable(client: Any) -> Any:
    return client.messages


def _beta(client: Any) -> Any:
    return client.beta.messages


Resource = Callable[[Any], Any]
Style = Callable[[Resource, Any, dict[str, Any]], Any]


def _create(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(resource(client).create(**request))


def _parse(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(resource(client).parse(**request))


def _raw(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(resource(client).with_raw_response.create(**request).parse())


def _raw_unparsed(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return resource(client).with_raw_response.create(**request).http_response.text


def _streaming_response(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).with_streaming_response.create(**request) as response:
        return to_data(response.parse())


def _streaming_response_read(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).with_streaming_response.create(**request) as response:
        return response.read()


def _post(_: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(client.post("/v1/messages", cast_to=Message, body=_wire(request)))


def _post_object(_: Resource, client: Any, request: dict[str, Any]) -> Any:
    return client.post("/v1/messages", cast_to=object, body=_wire(request))


def _stream(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return [to_data(event) for event in resource(client).create(**request, stream=True)]


def _stream_by_next(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    stream = resource(client).create(**request, stream=True)
    events: list[Any] = []
    while (event := next(stream, None)) is not None:
        events.append(to_data(event))
    return events


def _stream_with(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).create(**request, stream=True) as stream:
        return [to_data(event) for event in stream]


def _raw_stream(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return [to_data(event) for event in resource(client).with_raw_response.create(**request, stream=True).parse()]


def _streaming_response_stream(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).with_streaming_response.create(**request, stream=True) as response:
        return [to_data(event) for event in response.parse()]


def _post_stream(_: Resource, client: Any, request: dict[str, Any]) -> Any:
    stream = client.post(
        "/v1/messages",
        cast_to=Message,
        body={**_wire(request), "stream": True},
        stream=True,
        stream_cls=anthropic.Stream[RawMessageStreamEvent],
    )
    return [to_data(event) for event in stream]


def _helper(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).stream(**request) as stream:
        for _ in stream:
            pass
        return to_data(stream.get_final_message())


def _helper_text(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).stream(**request) as stream:
        return list(stream.text_stream)


def _helper_unread(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    with resource(client).stream(**request) as stream:
        return to_data(stream.get_final_message())


async def _acreate(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(await resource(client).create(**request))


async def _aparse(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(await resource(client).parse(**request))


async def _araw(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    parsed = (await resource(client).with_raw_response.create(**request)).parse()
    return to_data(await parsed if asyncio.iscoroutine(parsed) else parsed)


async def _araw_unparsed(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return (await resource(client).with_raw_response.create(**request)).http_response.text


async def _astreaming_response(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    async with resource(client).with_streaming_response.create(**request) as response:
        return to_data(await response.parse())


async def _astreaming_response_read(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    async with resource(client).with_streaming_response.create(**request) as response:
        return await response.read()


async def _apost(_: Resource, client: Any, request: dict[str, Any]) -> Any:
    return to_data(await client.post("/v1/messages", cast_to=Message, body=_wire(request)))


async def _astream(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    return [to_data(event) async for event in await resource(client).create(**request, stream=True)]


async def _astream_by_next(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    stream = await resource(client).create(**request, stream=True)
    events: list[Any] = []
    while True:
        try:
            events.append(to_data(await stream.__anext__()))
        except StopAsyncIteration:  # noqa: PERF203 - the end of the stream
            return events


async def _astream_with(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    async with await resource(client).create(**request, stream=True) as stream:
        return [to_data(event) async for event in stream]


async def _araw_stream(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    parsed = (await resource(client).with_raw_response.create(**request, stream=True)).parse()
    return [to_data(event) async for event in (await parsed if asyncio.iscoroutine(parsed) else parsed)]


async def _astreaming_response_stream(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    async with resource(client).with_streaming_response.create(**request, stream=True) as response:
        return [to_data(event) async for event in await response.parse()]


async def _ahelper(resource: Resource, client: Any, request: dict[str, Any]) -> Any:
    async with resource(client).stream(**request) as stream:
        async for _ in stream:
            pass
        return to_data(await stream.get_final_message())


def _wire(request: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in request.items() if key != "extra_body"}, **request.get("extra_body", {})}


def _sync(style: Style, resource: Resource, options: Mapping[str, Any]) -> CallingStyle:
    def run(base_url: str, request: dict[str, Any]) -> Any:
        with anthropic.Anthropic(base_url=anthropic_url(base_url), **{**OPTIONS, **options}) as client:
            return style(resource, client, request)

    return run


def _async(
    style: Callable[[Resource, Any, dict[str, Any]], Awaitable[Any]], resource: Resource, options: Mapping[str, Any]
) -> CallingStyle:
    async def main(base_url: str, request: dict[str, Any]) -> Any:
        async with anthropic.AsyncAnthropic(base_url=anthropic_url(base_url), **{**OPTIONS, **options}) as client:
            return await style(resource, client, request)

    def run(base_url: str, request: dict[str, Any]) -> Any:
        return asyncio.run(main(base_url, request))

    return run


_NON_STREAMED: Final[Mapping[str, Style]] = {
    "create": _create,
    "parse": _parse,
    "raw": _raw,
    "raw unparsed": _raw_unparsed,
    "streaming response": _streaming_response,
    "streaming response read": _streaming_response_read,
    "post": _post,
    "post object": _post_object,
    "async create": _acreate,
    "async parse": _aparse,
    "async raw": _araw,
    "async raw unparsed": _araw_unparsed,
    "async streaming response": _astreaming_response,
    "async streaming response read": _astreaming_response_read,
    "async post": _apost,
}
_STREAMED: Final[Mapping[str, Style]] = {
    "stream": _stream,
    "stream by next": _stream_by_next,
    "stream with": _stream_with,
    "raw stream": _raw_stream,
    "streaming response stream": _streaming_response_stream,
    "post stream": _post_stream,
    "helper": _helper,
    "helper text": _helper_text,
    "helper unread": _helper_unread,
    "async stream": _astream,
    "async stream by next": _astream_by_next,
    "async stream with": _astream_with,
    "async raw stream": _araw_stream,
    "async streaming response stream": _astreaming_response_stream,
    "async helper": _ahelper,
}
_BETA: Final = ("create", "raw", "async create", "stream", "async stream", "helper", "async helper", "parse")


def styles(*, streamed: bool, **options: Any) -> Mapping[str, CallingStyle]:
    """Return the streamed or the non-streamed styles, for clients with *options*."""

    def bind(name: str, style: Style, resource: Resource) -> CallingStyle:
        return (_async if name.startswith("async") else _sync)(style, resource, options)

    table = {name: style for name, style in (_STREAMED if streamed else _NON_STREAMED).items() if _has(name, _Messages)}
    beta_messages = getattr(anthropic.Anthropic(**OPTIONS).beta, "messages", None)
    return {
        **{name: bind(name, style, _stable) for name, style in table.items()},
        **{
            f"beta {name}": bind(name, style, _beta)
            for name, style in table.items()
            if name in _BETA and _has(name, type(beta_messages))
        },
    }


def _has(name: str, messages: type) -> bool:
    """Whether a resource has the method of a style."""
    method = {"parse": "parse", "helper": "stream"}.get(name.removeprefix("async ").split()[0], "create")
    return hasattr(messages, method)

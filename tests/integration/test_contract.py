"""The undocumented SDK internals that the instrumentation relies on, one test each, on the oldest and the newest SDK.

The SDK guarantees none of them. Each docstring names the code that must change when its test fails.
"""

import asyncio
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from openai._compat import model_copy, model_dump
from openai._models import FinalRequestOptions
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter._clients.stainless_sdk import SDK

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import Simulator

Make = Callable[..., openai.OpenAI]
SDK_NAMES: Final = SDK("openai", ("OpenAI", "AsyncOpenAI"), "data")


@pytest.mark.parametrize("client", [openai.OpenAI, openai.AsyncOpenAI])
def test_request_method(client: type) -> None:
    """`_clients/stainless.py`: every call goes through `request(cast_to, options, ...)`, which the client classes inherit."""
    assert "request" not in vars(client)
    parameters = list(inspect.signature(client.request).parameters)
    assert parameters[:3] == ["self", "cast_to", "options"]
    assert {"stream", "stream_cls"} <= set(parameters)


def test_options_of_a_request(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """`SDK.merged_body`: the options have URL, method, body without sentinels, `extra_body` and the call's headers."""
    requests: list[Any] = []

    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        requests.append((options, kwargs))
        raise StopIteration

    monkeypatch.setattr(openai.OpenAI, "request", request, raising=False)
    hello = client("hello", default_headers={"X-Title": "Client"})
    for completions in (hello.chat.completions, hello.with_options(timeout=1).chat.completions):
        with pytest.raises(StopIteration):
            completions.create(
                model="m",
                messages=(message for message in REQUEST["messages"]),  # type: ignore[reportArgumentType] - allowed
                stream=True,
                extra_body={"top_k": 1},
                extra_headers={"X-Title": "Call"},
            )
        options, kwargs = requests.pop()
        assert (options.url, options.method) == ("/chat/completions", "post")
        assert options.json_data == {"model": "m", "messages": REQUEST["messages"], "stream": True}
        assert options.extra_json == {"top_k": 1}
        assert dict(options.headers) == {"X-Title": "Call"}
        assert kwargs["stream"] is True
    assert not callable(options.post_parser)
    assert dict(hello._custom_headers) == {"X-Title": "Client"}


def test_options_are_copied_shallowly(client: Make) -> None:
    """`SDK.copy_options`: the copy equals the SDK's own; it has its own `post_parser` and the same body."""
    options = FinalRequestOptions.construct(method="post", url="/x", json_data={"a": 1})
    copied = SDK_NAMES.copy_options(options)
    assert copied == model_copy(options)
    assert type(copied) is type(options)
    assert model_dump(copied, exclude_unset=True) == model_dump(options, exclude_unset=True)
    copied.post_parser = len
    assert options.post_parser is not len
    assert copied.json_data is options.json_data


def test_options_with_private_attributes() -> None:
    """`SDK.copy_options`: options with private attributes, which there are none of now, are copied by the SDK."""
    options = FinalRequestOptions.construct(method="post", url="/x", json_data={"a": 1})
    object.__setattr__(options, "__pydantic_private__", {"_started": 5})
    copied = SDK_NAMES.copy_options(options)
    assert copied.__pydantic_private__ == {"_started": 5}
    assert copied.json_data is options.json_data


def test_base_url_is_one_object(client: Make) -> None:
    """`BaseUrls.match`: a client returns one URL object, which is cached by identity. `SDK.base_url` returns it, too."""
    hello = client("hello")
    assert hello.base_url is hello.base_url is SDK_NAMES.base_url(hello)
    assert str(hello.base_url).endswith("/hello/api/v1/")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_post_parser_gets_the_parsed_value(openrouter: Simulator, asynchronous: bool) -> None:
    """`_StainlessExchange.__call__`: the parser is called at once for plain calls and streams, in `.parse()` for raw calls."""
    parsed: list[type] = []

    def create_options(**headers: str) -> Any:
        options = FinalRequestOptions.construct(
            method="post", url="/chat/completions", json_data=REQUEST, headers=headers or {}
        )
        options.post_parser = lambda value: (parsed.append(type(value)), value)[1]
        return options

    async def main() -> None:
        if asynchronous:
            async with openai.AsyncOpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
                await client.request(ChatCompletion, create_options())
                stream: Any = await client.request(
                    ChatCompletion, create_options(), stream=True, stream_cls=openai.AsyncStream[ChatCompletionChunk]
                )
                await stream.close()
                raw: Any = await client.request(ChatCompletion, create_options(**{"X-Stainless-Raw-Response": "true"}))
        else:
            with openai.OpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
                client.request(ChatCompletion, create_options())
                stream = client.request(
                    ChatCompletion, create_options(), stream=True, stream_cls=openai.Stream[ChatCompletionChunk]
                )
                stream.close()
                raw = client.request(ChatCompletion, create_options(**{"X-Stainless-Raw-Response": "true"}))
        assert parsed == [ChatCompletion, type(stream)]
        assert raw.http_response.is_closed
        assert raw.http_response.content
        raw.parse()
        assert parsed == [ChatCompletion, type(stream), ChatCompletion]

    asyncio.run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("header", [{}, {"X-Stainless-Raw-Response": "true"}, {"X-Stainless-Raw-Response": "stream"}])
def test_post_parser_is_called_by_the_response(
    openrouter: Simulator, asynchronous: bool, header: dict[str, str]
) -> None:
    """`SDK.parsing_response`: `self` in the frame that calls the parser is the SDK's response, with headers and retries."""
    callers: list[Any] = []

    def parser(value: Any) -> Any:
        callers.append(sys._getframe(1).f_locals["self"])
        return value

    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data=REQUEST, headers=header or {}
    )
    options.post_parser = parser

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            result: Any = await client.request(ChatCompletion, options)
            if header:
                parsed = result.parse()
                await parsed if asyncio.iscoroutine(parsed) else None

    if asynchronous:
        asyncio.run(main())
    else:
        with openai.OpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            result: Any = client.request(ChatCompletion, options)
            result.parse() if header else None
    (response,) = callers
    assert response.http_response.headers["x-generation-id"]
    assert getattr(response, "retries_taken", 0) == 0


def test_stream_iterator(client: Make) -> None:
    """`SDK.wrap_stream`: `__iter__` and `__next__` both read `_iterator`, which `__stream__` has made."""
    stream: Any = client("hello").chat.completions.create(**REQUEST, stream=True)
    assert type(stream) is openai.Stream
    assert not stream.response.is_stream_consumed
    iterator: Any = stream._iterator
    assert iterator.gi_code is openai.Stream.__stream__.__code__
    assert inspect.getgeneratorstate(iterator) == inspect.GEN_CREATED
    stream.response.close()
    stream._iterator = iter("abc")
    assert next(stream) == "a"
    assert list(stream) == ["b", "c"]


def test_stream_close(client: Make) -> None:
    """`streams.override_close`: `Stream.close` calls the `close` attribute of the response."""
    stream: Any = client("hello").chat.completions.create(**REQUEST, stream=True)
    closed: list[str] = []
    close, stream.response.close = stream.response.close, lambda: closed.append("close")
    stream.close()
    assert closed == ["close"]
    close()


def test_streaming_response_read(client: Make) -> None:
    """`streams.override_close`: `.parse()`, `.json()` and `.text()` call the `read` attribute of the response."""
    with client("hello").chat.completions.with_streaming_response.create(**REQUEST) as response:
        http: Any = response.http_response
        assert not http.is_closed
        read, reads = http.read, []
        http.read = lambda: (reads.append("read"), read())[1]
        response.parse()
    assert reads == ["read"]


def test_helpers_stream(client: Make) -> None:
    """`SDK.helper_error`: a `.stream()` helper of `lib.streaming` refers to its stream as `_raw_stream`."""
    completions: Any = client("hello").chat.completions
    if not hasattr(completions, "stream"):
        pytest.skip("this release has no helper for chat completions, or in `beta` only")
    with completions.stream(**REQUEST) as helper:
        assert isinstance(helper._raw_stream, openai.Stream)
        assert type(helper).__module__.startswith("openai.lib.streaming")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_error_event_in_the_frame_that_raised(openrouter: Simulator, asynchronous: bool) -> None:
    """`SDK.error_event`: the decoded event is the local variable `data` in the frame of `__stream__`."""

    async def main() -> None:
        async with (
            openai.AsyncOpenAI(base_url=openrouter.base_url("error_in_stream"), **OPTIONS) as client,
            await client.chat.completions.create(**REQUEST, stream=True) as stream,  # httpcore 0.15 needs it closed
        ):
            async for _ in stream:
                pass

    def sync_main() -> None:
        with (
            openai.OpenAI(base_url=openrouter.base_url("error_in_stream"), **OPTIONS) as client,
            client.chat.completions.create(**REQUEST, stream=True) as stream,
        ):
            list(stream)

    with pytest.raises(openai.APIError) as raised:
        asyncio.run(main()) if asynchronous else sync_main()
    code = (openai.AsyncStream if asynchronous else openai.Stream).__stream__.__code__
    (frame,) = [entry.frame for entry in raised.traceback if entry.frame.raw.f_code is code]
    assert frame.f_locals["data"]["usage"]["cost"] == 0.00014
    assert raised.value.body == frame.f_locals["data"]["error"]
    assert not hasattr(raised.value, "status_code")


def test_status_errors(client: Make) -> None:
    """`errors.error_from_exception`: `body` is the inner error; the headers of the response have the generation id."""
    with pytest.raises(openai.APIStatusError) as raised:
        client("rate_limited").chat.completions.create(**REQUEST)
    assert raised.value.status_code == 429
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["message"] == "Provider returned error"
    assert raised.value.response.headers["x-generation-id"]


def test_connection_errors() -> None:
    """`errors._BY_EXCEPTION`: connection errors are identified by module and class name."""
    assert issubclass(openai.APITimeoutError, openai.APIConnectionError)
    for error in (openai.APITimeoutError, openai.APIConnectionError):
        assert error.__module__.partition(".")[0] == "openai"


def test_undeclared_fields_are_kept(client: Make) -> None:
    """`fields.declared_and_extra`: undeclared fields are in `__pydantic_extra__` (pydantic 1: in `__dict__`)."""
    completion = client("hello").chat.completions.create(**REQUEST)
    extra = getattr(completion, "__pydantic_extra__", None) or vars(completion)
    assert extra["provider"] == "OpenAI"
    usage: Any = completion.usage
    assert (getattr(usage, "__pydantic_extra__", None) or vars(usage))["cost"] == 0.00014
    assert vars(completion)["model"] == "openai/gpt-4o-mini"

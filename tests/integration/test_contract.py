"""The facts of the SDK that we borrow, one test each; run on the oldest and the newest SDK that we declare.

None of them is promised by the SDK. When one falls, its test says which place of ours must follow.
"""

import asyncio
import inspect
import sys
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai._compat import model_copy
from openai._models import FinalRequestOptions
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import Simulator

Make = Callable[..., openai.OpenAI]


@pytest.mark.parametrize("client", [openai.OpenAI, openai.AsyncOpenAI])
def test_request_is_inherited_and_takes_the_options_second(client: type) -> None:
    """`_patch.OpenAISeam`: all goes through `request(cast_to, options, ...)`, which the client classes inherit."""
    assert "request" not in vars(client)
    parameters = list(inspect.signature(client.request).parameters)
    assert parameters[:3] == ["self", "cast_to", "options"]
    assert {"stream", "stream_cls"} <= set(parameters)


def test_options_hold_the_wire(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """`_patch._merged_body`: url, method, body without sentinels, `extra_body` apart, the caller's headers."""
    seen: list[Any] = []

    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        seen.append((options, kwargs))
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
        options, kwargs = seen.pop()
        assert (options.url, options.method) == ("/chat/completions", "post")
        assert options.json_data == {"model": "m", "messages": REQUEST["messages"], "stream": True}
        assert options.extra_json == {"top_k": 1}
        assert dict(options.headers) == {"X-Title": "Call"}
        assert kwargs["stream"] is True
    assert not callable(options.post_parser)
    assert dict(hello._custom_headers) == {"X-Title": "Client"}


def test_options_are_copied_without_their_contents(client: Make) -> None:
    """`_patch.OpenAISeam._begin`: a copy takes another `post_parser`, and shares the body."""
    options = FinalRequestOptions.construct(method="post", url="/x", json_data={"a": 1})
    copied = model_copy(options)
    copied.post_parser = len
    assert options.post_parser is not len
    assert copied.json_data is options.json_data


def test_base_url_is_one_object(client: Make) -> None:
    """`_endpoints.Endpoints.of`: the URL is remembered by identity."""
    hello = client("hello")
    assert hello.base_url is hello.base_url
    assert str(hello.base_url).endswith("/hello/api/v1/")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_post_parser_sees_what_was_parsed(openrouter: Simulator, asynchronous: bool) -> None:
    """`_patch._OpenAIExchange.__call__`: called at once for plain calls and streams, at `.parse()` for raw ones."""
    seen: list[type] = []

    def options(**headers: str) -> Any:
        made = FinalRequestOptions.construct(
            method="post", url="/chat/completions", json_data=REQUEST, headers=headers or {}
        )
        made.post_parser = lambda value: (seen.append(type(value)), value)[1]
        return made

    async def main() -> None:
        if asynchronous:
            async with openai.AsyncOpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
                await client.request(ChatCompletion, options())
                stream: Any = await client.request(
                    ChatCompletion, options(), stream=True, stream_cls=openai.AsyncStream[ChatCompletionChunk]
                )
                await stream.close()
                raw: Any = await client.request(ChatCompletion, options(**{"X-Stainless-Raw-Response": "true"}))
        else:
            with openai.OpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
                client.request(ChatCompletion, options())
                stream = client.request(
                    ChatCompletion, options(), stream=True, stream_cls=openai.Stream[ChatCompletionChunk]
                )
                stream.close()
                raw = client.request(ChatCompletion, options(**{"X-Stainless-Raw-Response": "true"}))
        assert seen == [ChatCompletion, type(stream)]
        assert raw.http_response.is_closed
        assert raw.http_response.content
        raw.parse()
        assert seen == [ChatCompletion, type(stream), ChatCompletion]

    asyncio.run(main())


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("header", [{}, {"X-Stainless-Raw-Response": "true"}, {"X-Stainless-Raw-Response": "stream"}])
def test_post_parser_is_called_by_the_response(
    openrouter: Simulator, asynchronous: bool, header: dict[str, str]
) -> None:
    """`_patch._OpenAIExchange.__call__`: the caller's frame has the SDK's response as `self`, with headers and retries."""
    seen: list[Any] = []

    def parser(value: Any) -> Any:
        seen.append(sys._getframe(1).f_locals["self"])
        return value

    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data=REQUEST, headers=header or {}
    )
    options.post_parser = parser

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            answer: Any = await client.request(ChatCompletion, options)
            if header:
                parsed = answer.parse()
                await parsed if asyncio.iscoroutine(parsed) else None

    if asynchronous:
        asyncio.run(main())
    else:
        with openai.OpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            answer: Any = client.request(ChatCompletion, options)
            answer.parse() if header else None
    (reply,) = seen
    assert reply.http_response.headers["x-generation-id"]
    assert getattr(reply, "retries_taken", 0) == 0


def test_a_stream_iterates_its_iterator(client: Make) -> None:
    """`_openai_streams.observe`: `__iter__` and `__next__` both read `_iterator`, which is not begun before."""
    stream: Any = client("hello").chat.completions.create(**REQUEST, stream=True)
    assert type(stream) is openai.Stream
    assert not stream.response.is_stream_consumed
    stream.response.close()
    stream._iterator = iter("abc")
    assert next(stream) == "a"
    assert list(stream) == ["b", "c"]


def test_closing_a_stream_closes_its_response(client: Make) -> None:
    """`_streams.listen`: `Stream.close` goes through the response's own attribute."""
    stream: Any = client("hello").chat.completions.create(**REQUEST, stream=True)
    closed: list[str] = []
    close, stream.response.close = stream.response.close, lambda: closed.append("close")
    stream.close()
    assert closed == ["close"]
    close()


def test_reading_a_streaming_response_reads_the_http_response(client: Make) -> None:
    """`_streams.listen`: `.parse()`, `.json()` and `.text()` go through the response's own `read`."""
    with client("hello").chat.completions.with_streaming_response.create(**REQUEST) as response:
        http: Any = response.http_response
        assert not http.is_closed
        read, reads = http.read, []
        http.read = lambda: (reads.append("read"), read())[1]
        response.parse()
    assert reads == ["read"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_error_event_stands_in_the_frame_that_raised(openrouter: Simulator, asynchronous: bool) -> None:
    """`_openai_streams._event_behind`: the frame of `__stream__` holds the decoded event as `data`."""

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=openrouter.base_url("error_in_stream"), **OPTIONS) as client:
            async for _ in await client.chat.completions.create(**REQUEST, stream=True):
                pass

    def sync_main() -> None:
        with openai.OpenAI(base_url=openrouter.base_url("error_in_stream"), **OPTIONS) as client:
            list(client.chat.completions.create(**REQUEST, stream=True))

    with pytest.raises(openai.APIError) as raised:
        asyncio.run(main()) if asynchronous else sync_main()
    code = (openai.AsyncStream if asynchronous else openai.Stream).__stream__.__code__
    (frame,) = [entry.frame for entry in raised.traceback if entry.frame.raw.f_code is code]
    assert frame.f_locals["data"]["usage"]["cost"] == 0.00014
    assert raised.value.body == frame.f_locals["data"]["error"]
    assert not hasattr(raised.value, "status_code")


def test_status_errors_hold_the_inner_error_and_the_headers(client: Make) -> None:
    """`_errors.failure_of`: `body` is the inner error, and the response's headers tell the generation."""
    with pytest.raises(openai.APIStatusError) as raised:
        client("rate_limited").chat.completions.create(**REQUEST)
    assert raised.value.status_code == 429
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["message"] == "Provider returned error"
    assert raised.value.response.headers["x-generation-id"]


def test_names_of_connection_errors() -> None:
    """`_errors._BY_EXCEPTION` knows them by module and name."""
    assert issubclass(openai.APITimeoutError, openai.APIConnectionError)
    for error in (openai.APITimeoutError, openai.APIConnectionError):
        assert error.__module__.partition(".")[0] == "openai"


def test_undeclared_fields_are_kept(client: Make) -> None:
    """`_wire.layers`: what a model does not declare is in `__pydantic_extra__` (pydantic 1: in `__dict__`)."""
    completion = client("hello").chat.completions.create(**REQUEST)
    extra = getattr(completion, "__pydantic_extra__", None) or vars(completion)
    assert extra["provider"] == "OpenAI"
    usage: Any = completion.usage
    assert (getattr(usage, "__pydantic_extra__", None) or vars(usage))["cost"] == 0.00014
    assert vars(completion)["model"] == "openai/gpt-4o-mini"

"""The undocumented internals of the Anthropic SDK that the instrumentation relies on, on the oldest and the newest SDK.

As `test_contract`, for what differs from the OpenAI SDK or could.
"""

import asyncio
import inspect
import sys
from typing import Any

import anthropic
import pytest
from anthropic._compat import model_copy
from anthropic._models import FinalRequestOptions
from anthropic.types import Message, RawMessageStreamEvent

from tests.anthropic_styles import OPTIONS, anthropic_url
from tests.scenarios.messages import REQUEST
from tests.simulator import Simulator

TRACES_ITSELF = hasattr(anthropic.Anthropic, "_tracer")
METHOD = "_request" if TRACES_ITSELF else "request"


def _client(openrouter: Simulator, scenario: str, **options: Any) -> anthropic.Anthropic:
    merged: dict[str, Any] = {**OPTIONS, **options}
    return anthropic.Anthropic(base_url=anthropic_url(openrouter.base_url(scenario)), **merged)


@pytest.mark.parametrize("client", [anthropic.Anthropic, anthropic.AsyncAnthropic])
def test_request_method(client: type) -> None:
    """`AnthropicInstrumentation._wrap_methods`: the client classes inherit the method that every call uses once."""
    assert METHOD not in vars(client)
    parameters = list(inspect.signature(getattr(client, METHOD)).parameters)
    assert parameters[:3] == ["self", "cast_to", "options"]
    assert {"stream", "stream_cls"} <= set(parameters)
    assert ("call" in parameters) is TRACES_ITSELF


def test_options_of_a_request(openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """`SDK.merged_body`: the options have URL, method, body and the call's headers; the path includes the version."""
    requests: list[Any] = []

    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        requests.append((options, kwargs))
        raise StopIteration

    monkeypatch.setattr(anthropic.Anthropic, METHOD, request, raising=False)
    with _client(openrouter, "hello", default_headers={"X-Title": "Client"}) as client:
        with pytest.raises(StopIteration):
            client.messages.create(**REQUEST, stream=True, extra_body={"top_k": 1}, extra_headers={"X-Title": "Call"})
        assert dict(client._custom_headers) == {"X-Title": "Client"}
        assert (client.api_key, client.auth_token) == ("sk-or-canary", None)
        assert client.base_url is client.base_url
    ((options, kwargs),) = requests
    assert (options.url, options.method) == ("/v1/messages", "post")
    assert {**options.json_data, **(options.extra_json or {})} == {**REQUEST, "stream": True, "top_k": 1}
    assert dict(options.headers)["X-Title"] == "Call"
    assert not callable(options.post_parser)
    assert kwargs["stream"] is True


def test_options_are_copied_shallowly() -> None:
    """`StainlessInstrumentation._start_exchange`: a copy of the options has its own `post_parser` and the same body."""
    options = FinalRequestOptions.construct(method="post", url="/x", json_data={"a": 1})
    copied = model_copy(options)
    copied.post_parser = len
    assert options.post_parser is not len
    assert copied.json_data is options.json_data


@pytest.mark.parametrize("header", [{}, {"X-Stainless-Raw-Response": "true"}, {"X-Stainless-Raw-Response": "stream"}])
def test_post_parser(openrouter: Simulator, header: dict[str, str]) -> None:
    """`SDK.parsing_response`: the SDK calls the parser in `parse` of its response, once the value is parsed."""
    callers: list[Any] = []

    def parser(value: Any) -> Any:
        callers.append((sys._getframe(1).f_locals["self"], type(value)))
        return value

    options = FinalRequestOptions.construct(method="post", url="/v1/messages", json_data=REQUEST, headers=header)
    options.post_parser = parser
    with _client(openrouter, "hello") as client:
        result: Any = client.request(Message, options)
        result.parse() if header else None
    ((response, kind),) = callers
    assert kind is Message
    assert response.http_response.headers["x-generation-id"]
    assert response.retries_taken == 0


def test_stream_iterator(openrouter: Simulator) -> None:
    """`SDK.wrap_stream`: `__iter__` and `__next__` both read `_iterator`, which has not been started before."""
    with _client(openrouter, "hello") as client:
        stream: Any = client.messages.create(**REQUEST, stream=True)
        kind: Any = type(stream)
        assert kind is anthropic.Stream
        assert not stream.response.is_stream_consumed
        assert inspect.getgeneratorstate(stream._iterator) == inspect.GEN_CREATED
        stream.response.close()
        stream._iterator = iter("abc")
        assert next(stream) == "a"
        assert list(stream) == ["b", "c"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_error_event_in_the_frame_that_raised(openrouter: Simulator, asynchronous: bool) -> None:
    """`AnthropicInstrumentation.error_event_variable`: the decoded event is `body` in the frame of `__stream__`."""

    async def main() -> None:
        base_url = anthropic_url(openrouter.base_url("error_in_stream"))
        async with anthropic.AsyncAnthropic(base_url=base_url, **OPTIONS) as client:
            async for _ in await client.messages.create(**REQUEST, stream=True):
                pass

    def sync_main() -> None:
        with _client(openrouter, "error_in_stream") as client:
            list(client.messages.create(**REQUEST, stream=True))

    with pytest.raises(anthropic.APIStatusError) as raised:
        asyncio.run(main()) if asynchronous else sync_main()
    code = (anthropic.AsyncStream if asynchronous else anthropic.Stream).__stream__.__code__
    (frame,) = [entry.frame for entry in raised.traceback if entry.frame.raw.f_code is code]
    assert frame.f_locals["body"]["error"]["message"] == "Upstream error"


def test_errors(openrouter: Simulator) -> None:
    """`errors.error_from_exception`: `body` is the whole body, and an error in a stream has the status 200."""
    with _client(openrouter, "rate_limited") as client, pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.create(**REQUEST)
    assert raised.value.status_code == 429
    body: Any = raised.value.body
    assert body["error"]["message"] == "Provider returned error"
    assert raised.value.response.headers["x-generation-id"]
    with _client(openrouter, "error_in_stream") as client, pytest.raises(anthropic.APIStatusError) as raised:
        list(client.messages.create(**REQUEST, stream=True))
    assert raised.value.status_code == 200
    for error in (anthropic.APITimeoutError, anthropic.APIConnectionError):
        assert error.__module__.partition(".")[0] == "anthropic"


def test_undeclared_fields_are_kept(openrouter: Simulator) -> None:
    """`messages.fold_message_event`: events keep the cost and the provider, which the SDK does not declare."""
    with _client(openrouter, "hello") as client:
        events: list[RawMessageStreamEvent] = list(client.messages.create(**REQUEST, stream=True))
    (start,) = [event for event in events if event.type == "message_start"]
    (delta,) = [event for event in events if event.type == "message_delta"]
    assert (start.message.model_extra or {})["provider"] == "OpenAI"
    assert (delta.usage.model_extra or {})["cost"] == 0.00014


@pytest.mark.skipif(not TRACES_ITSELF, reason="this SDK makes no spans")
def test_span_of_the_sdk(openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """`AnthropicInstrumentation._start_exchange`: `call` has the span that the SDK ends."""
    from opentelemetry import trace  # noqa: PLC0415 - for this test only
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above

    calls: list[Any] = []
    original = getattr(anthropic.Anthropic, METHOD)

    def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(kwargs["call"])
        assert kwargs["call"].span is trace.get_current_span()
        return original(self, *args, **kwargs)

    monkeypatch.setattr(anthropic.Anthropic, METHOD, request, raising=False)
    options: dict[str, Any] = {"open_telemetry": {"tracer_provider": TracerProvider(shutdown_on_exit=False)}}
    with _client(openrouter, "hello", **options) as client:
        client.messages.create(**REQUEST)
    assert calls[0].span.attributes["gen_ai.operation.name"] == "chat"
    assert not calls[0].span.is_recording()

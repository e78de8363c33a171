"""The only file that knows the SDK's entrance: `OpenAI.request` and `AsyncOpenAI.request`, through which all goes.

It decides whether a call is ours, hands request and answer to the floors below, and passes everything else through.
The SDK's facts it borrows are each pinned by a test (`tests/test_contract.py`), on the oldest and the newest SDK.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from typing import Any, Final

import openai
import wrapt
from openai._compat import model_copy
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from . import attributes as names
from ._guard import guarded
from ._holds import Hold, OpenResponses
from ._operations import Operation, operation_at
from ._recorder import Call, Recorder
from ._request import carried_attributes, request_attributes
from ._response import fold_error_body, fold_headers
from ._settings import Settings
from ._streams import listen, listen_async, observe
from ._wire import count, members

# Set by OpenLLMetry around calls that it traces itself (opentelemetry-semantic-conventions-ai, semconv_ai/__init__.py).
_SUPPRESS_LANGUAGE_MODEL: Final = "suppress_language_model_instrumentation"


class Seam:
    """One `instrument()`: what it put into the SDK, and how to take it out again."""

    def __init__(self, recorder: Recorder, settings: Settings) -> None:
        self._recorder = recorder
        self._endpoints, self._baggage_keys = settings.endpoints, settings.baggage_keys
        self._responses = OpenResponses()
        self._active = False
        self._entrances: dict[Any, Callable[..., Any]] = {
            openai.OpenAI: self._request,
            openai.AsyncOpenAI: self._request_async,
        }
        self._placed: dict[Any, Any] = {}

    def open(self) -> None:
        """Wrap the entrances."""
        self._active = True
        for client, wrapper in self._entrances.items():
            wrapt.wrap_function_wrapper(client, "request", wrapper)
            self._placed[client] = vars(client)["request"]

    def close(self) -> None:
        """Make the SDK as it was. A wrapper that something else has wrapped since stays, and only passes through."""
        self._active = False
        for client, placed in self._placed.items():
            if client.__dict__.get("request") is placed:
                # `request` is inherited: without an attribute of its own the class is as it was.
                del client.request
                wrapped = placed.__wrapped__
                if wrapped is not client.request:
                    client.request = wrapped
        self._responses.end_dead()

    def _request(self, wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        begun = self._begin(client, args, kwargs, listen)
        if begun is None:
            return wrapped(*args, **kwargs)
        exchange, args, kwargs = begun
        try:
            answer = wrapped(*args, **kwargs)
        except BaseException as error:
            exchange.failed(error)
            raise
        exchange.answered(answer, streamed=bool(kwargs.get("stream")))
        return answer

    async def _request_async(
        self, wrapped: Callable[..., Awaitable[Any]], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        begun = self._begin(client, args, kwargs, listen_async)
        if begun is None:
            return await wrapped(*args, **kwargs)
        exchange, args, kwargs = begun
        try:
            answer = await wrapped(*args, **kwargs)
        except BaseException as error:
            exchange.failed(error)
            raise
        exchange.answered(answer, streamed=bool(kwargs.get("stream")))
        return answer

    @guarded
    def _begin(
        self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], listener: Callable[[Any, Hold], None]
    ) -> "tuple[_Exchange, tuple[Any, ...], dict[str, Any]] | None":
        """Start the span of a call that is ours, and what to send in place of the arguments.

        None for any other call, which must cost next to nothing.
        """
        base_url = client.base_url
        server = self._endpoints.of(base_url)
        if server is None or not self._active:
            return None
        # request(cast_to, options, *, stream, stream_cls): openai/_base_client.py
        options = args[1] if len(args) > 1 else kwargs["options"]
        operation = operation_at(options.url, base_url)
        if operation is None or options.method.lower() != "post":
            return None
        current = otel_context.get_current()
        if current and _is_suppressed(current):
            return None
        if self._responses.dead:
            self._responses.end_dead()
        body = _merged_body(options)
        # A client's own headers, then the call's: the later win.
        found = request_attributes(body, getattr(client, "_custom_headers", None), options.headers)
        carried = baggage.get_all(current) if current else None
        if carried:
            found = {**carried_attributes(carried, self._baggage_keys), **found}
        call = self._recorder.start(operation, server, found, body, current)
        exchange = _Exchange(call, operation, self._responses, listener, options.post_parser)
        # `post_parser` is called with whatever the SDK parsed, when it parses it: at once for plain calls, at
        # `.parse()` for raw ones. The options belong to the caller, who may send them again: work on a copy.
        copied = model_copy(options)
        copied.post_parser = exchange.parsed
        if len(args) > 1:
            args = (args[0], copied, *args[2:])
        else:
            kwargs = {**kwargs, "options": copied}
        exchange.send()
        return exchange, args, kwargs


class _Exchange:
    """One request and its answer, on their way through the SDK.

    The request's options lead here, so nothing here leads back to them: a cycle would be garbage for the collector
    at each call.
    """

    __slots__ = ("_call", "_hold", "_listener", "_operation", "_parser", "_responses", "_seen", "_token")

    _token: Token[Context]

    def __init__(
        self,
        call: Call,
        operation: Operation,
        responses: OpenResponses,
        listener: Callable[[Any, Hold], None],
        parser: object,
    ) -> None:
        self._call, self._operation = call, operation
        self._responses, self._listener = responses, listener
        self._parser = parser
        self._hold: Hold | None = None
        self._seen = False

    def send(self) -> None:
        """The span is current while the request is sent, and no longer."""
        self._token = otel_context.attach(self._call.context)

    def parsed(self, value: Any) -> Any:
        """The SDK parsed *value*; the caller's own parser still follows."""
        # It is called from the method `parse` of the SDK's response (openai/_response.py, _legacy_response.py; 1.26.0
        # to 3.52.0), which knows what the value does not tell: the headers, and the retries. The frame gets no name
        # here: a frame that holds itself is garbage for the collector.
        self._see(value, sys._getframe(1).f_locals.get("self"))  # pyright: ignore[reportPrivateUsage] - see above
        return self._parser(value) if callable(self._parser) else value

    @guarded
    def _see(self, value: Any, reply: object) -> None:
        self._seen = True
        if self._call.ended:
            return
        self._count_retries(getattr(reply, "retries_taken", None))
        if isinstance(value, (openai.Stream, openai.AsyncStream)):
            observe(value, self._hold_open(value.response))
        else:
            self._operation.fold_whole(self._call.answer, value)
            fold_headers(self._call.answer, getattr(getattr(reply, "http_response", None), "headers", None))

    @guarded
    def answered(self, result: Any, *, streamed: bool) -> None:
        """The SDK returned: the call has ended, or its response is in the caller's hands now."""
        otel_context.detach(self._token)
        if not self._seen:
            # A raw response, or the HTTP library's own: nothing was parsed, and perhaps nothing read.
            response = getattr(result, "http_response", result)
            self._count_retries(getattr(result, "retries_taken", None))
            if streamed or not response.is_closed:
                self._hold_open(response)
                return
            self._operation.fold_bytes(self._call.answer, response.content)
            fold_headers(self._call.answer, response.headers)
        if self._hold is None:
            self._call.end()

    @guarded
    def failed(self, error: BaseException) -> None:
        """The SDK raised."""
        if not isinstance(error, GeneratorExit):  # a coroutine that is closed has left its context already
            otel_context.detach(self._token)
        try:
            self._read_failure(error)
        finally:
            self._call.end(error)

    def _read_failure(self, error: BaseException) -> None:
        """What an exception was made from tells more than itself: headers, routing, and how often it was sent."""
        request, response = getattr(error, "request", None), getattr(error, "response", None)
        sent = getattr(request, "headers", {}).get("x-stainless-retry-count", "")
        self._count_retries(int(sent) if sent.isdecimal() else None)
        if response is not None:
            fold_headers(self._call.answer, response.headers)
            if response.is_stream_consumed:  # by the SDK, which read it for its message
                fold_error_body(self._call.answer, response.content)

    def _count_retries(self, taken: object) -> None:
        retries = count(taken)
        if retries:
            self._call.answer.facts[names.OPENROUTER_REQUEST_RETRY_COUNT] = retries

    def _hold_open(self, response: Any) -> Hold:
        if self._hold is None:
            self._hold = self._responses.hold(response, self._call, self._operation)
            self._listener(response, self._hold)
        return self._hold


def _is_suppressed(current: Context) -> bool:
    return not is_instrumentation_enabled() or bool(current.get(_SUPPRESS_LANGUAGE_MODEL))


def _merged_body(options: Any) -> Mapping[str, object]:
    """The body as it goes on the wire: `extra_body` over the method's own (openai/_base_client.py, _build_request)."""
    body, extra = options.json_data, options.extra_json
    return members(body) if extra is None else {**members(body), **members(extra)}

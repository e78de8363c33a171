"""Base class of the client instrumentations: wraps a client's request method and traces each call, sync and async.

A client's own file knows which calls go to OpenRouter and how its results are read.
"""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

from .. import attributes as names
from .._api.budget import Budget
from .._api.client import ApiClient
from .._api.settlement import Settlement
from .._config import Settings
from .._guard import guarded
from .._operations import Operation
from .._telemetry.call import Call, Settle
from .._telemetry.call_start import start_call
from .._telemetry.recorder import Recorder
from .._wire.broadcast import trace_field
from .._wire.fields import Attributes, count
from .._wire.response import fold_error_routing, fold_headers
from .open_responses import OpenResponse, OpenResponses
from .patching import InnermostWrapper, when_imported
from .sending import Sending
from .streams import override_close, override_close_async

OverrideClose = Callable[[Any, OpenResponse], None]


class Exchange(ABC):
    """One request and its response, while they pass through a client."""

    __slots__ = ("_open_response", "_operation", "_override_close", "_responses", "_sending", "call")

    _sending: Sending

    def __init__(
        self, call: Call, operation: Operation, responses: OpenResponses, override_close: OverrideClose
    ) -> None:
        self.call, self._operation = call, operation
        self._responses, self._override_close = responses, override_close
        # The registry holds the open response until the call has ended. A strong reference would outlive it.
        self._open_response: weakref.ref[OpenResponse] | None = None

    def send(self) -> None:
        """Make the span current while the client sends the request."""
        self._sending = Sending(self.call.context)

    @guarded
    def returned(self, result: Any, *, streamed: bool) -> None:
        """The client returned: the call has ended, or the caller has an open response now."""
        self._sending.end()
        self._read_result(result, streamed)
        if self._open_response is None:
            self.call.end()

    @guarded
    def raised(self, error: BaseException) -> None:
        """The client raised."""
        try:
            # A coroutine that is closed, perhaps by the garbage collector, may have left its context already.
            if not isinstance(error, GeneratorExit) or self._sending.is_current:
                self._sending.end()
            self._read_error(error)
        finally:
            self.call.end(error)

    @abstractmethod
    def _read_result(self, result: Any, streamed: bool) -> None:
        """Read the client's result without consuming anything that is the caller's."""

    def _read_error(self, error: BaseException) -> None:
        """Read the request and the response of an exception: retries, headers, routing."""
        request, response = getattr(error, "request", None), getattr(error, "response", None)
        retries = getattr(request, "headers", {}).get("x-stainless-retry-count", "")
        self._set_retry_count(int(retries) if retries.isdecimal() else None)
        if response is not None:
            fold_headers(self.call.record, response.headers)
            if response.is_stream_consumed:  # the SDK has read it for the exception's message
                fold_error_routing(self.call.record, response.content)

    def _set_retry_count(self, retries: object) -> None:
        retry_count = count(retries)
        if retry_count:
            self.call.record.attributes[names.OPENROUTER_REQUEST_RETRY_COUNT] = retry_count

    def _read(self, response: Any) -> None:
        """Fold a response whose body the client has read."""
        self._operation.fold_bytes(self.call.record, response.content, response.status_code)
        fold_headers(self.call.record, response.headers)

    def _track(self, response: Any) -> OpenResponse:
        """Return the open response of *response*; track it if this is the first time."""
        opened = self._open_response() if self._open_response is not None else None
        if opened is None:
            opened = self._responses.track(response, self.call, self._operation)
            self._open_response = weakref.ref(opened)
            self._override_close(response, opened)
        return opened


StartedExchange = tuple[Exchange, tuple[Any, ...], dict[str, Any]]
"""An exchange, and the arguments to call the client's method with."""


class ClientInstrumentation(ABC):
    """One client, instrumented by one `instrument()`, until `uninstall`."""

    requirement: ClassVar[str]
    """The client's distribution and the range of its versions that is instrumented."""
    module: ClassVar[str]
    """The module whose import defines the client's classes; it is patched when the program imports it."""
    hosts: ClassVar[str] = ""
    """The hosts whose calls are traced, if `base_urls` does not select them."""

    def __init__(
        self,
        recorder: Recorder,
        settings: Settings,
        responses: OpenResponses,
        budget: Budget | None,
        settlement: Settlement | None,
    ) -> None:
        self.recorder, self.base_urls = recorder, settings.base_urls
        self._budget, self._settlement = budget, settlement
        self._joins = settings.broadcast == "join"
        self._uses_api = budget is not None or settlement is not None
        self.responses = responses
        self.active = False
        self._wrappers: list[InnermostWrapper] = []

    def install(self) -> None:
        """Wrap the client's methods: now, or when the program imports the client."""
        self.active = True
        when_imported(self.module, self._on_import)

    @guarded
    def _on_import(self, module: Any) -> None:
        if self.active:
            self._wrappers = self._wrap_methods(module)

    def uninstall(self) -> None:
        """Restore the client's methods. A wrapper that cannot be removed only passes calls through."""
        self.active = False
        for wrapper in self._wrappers:
            wrapper.remove()
        self.responses.close()
        if self._budget is not None:
            self._budget.clear()

    @property
    def description(self) -> str:
        """The client with its installed version, its hosts if they are not `base_urls`, and when it is patched."""
        name = self.requirement.partition(" ")[0]
        try:
            installed = version(name)
        except PackageNotFoundError:  # a frozen program may have no metadata
            installed = "of unknown version"
        remarks = [self.hosts, "" if self._wrappers else "when it is imported"]
        remark = ", ".join(filter(None, remarks))
        return f"{name} {installed} ({remark})" if remark else f"{name} {installed}"

    @abstractmethod
    def _wrap_methods(self, module: Any) -> list[InnermostWrapper]:
        """Wrap the client's methods, defined in *module*, with `_wrap_request` and `_wrap_request_async`."""

    @abstractmethod
    def _start_exchange(
        self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], override_close: OverrideClose
    ) -> StartedExchange | None:
        """Start the span of a call to OpenRouter, and return the arguments to send; guarded.

        None for any other call, at next to no cost, and for every call after `uninstall`.
        """

    def _start_call(
        self,
        operation: Operation,
        server: Attributes,
        body: Mapping[str, object],
        headers: Iterable[object],
        api_client: Callable[[], ApiClient],
    ) -> Call | None:
        """Start the span of a call; None where instrumentation is suppressed, or where nothing is recorded.

        Args:
            operation: the operation of the request's path.
            server: `server.address` and `server.port`.
            body: the merged request body.
            headers: mappings of request headers, weakest first.
            api_client: returns a client for OpenRouter's API with the caller's credentials; called only for options
                that need it.
        """
        context = self.recorder.call_contexts.current(operation.name) if self.recorder.has_effect() else None
        if context is None:
            return None
        settle = self._register_api_client(api_client()) if self._uses_api else None
        request = operation.read_request(body, *headers)
        return start_call(self.recorder, operation, server, request, body, context, settle)

    def _register_api_client(self, client: ApiClient) -> Settle | None:
        """Poll the budget of the client's key; return what settles the cost of its interrupted streams."""
        if self._budget is not None:
            self._budget.add(client)
        return partial(self._settlement.submit, client) if self._settlement is not None else None

    def _trace_field(self, call: Call, body: Mapping[str, object]) -> dict[str, Any] | None:
        """The `trace` field to send in place of the caller's, so that OpenRouter's own spans join our trace."""
        span = call.span_context
        return trace_field(body, span.trace_id, span.span_id) if span.is_valid and span.trace_flags.sampled else None

    def _wrap_request(
        self, wrapped: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        started = self._start_exchange(client, args, kwargs, override_close)
        if started is None:
            return wrapped(*args, **kwargs)
        exchange, args, kwargs = started
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            exchange.raised(error)
            raise
        exchange.returned(result, streamed=bool(kwargs.get("stream")))
        return result

    async def _wrap_request_async(
        self, wrapped: Callable[..., Awaitable[Any]], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        started = self._start_exchange(client, args, kwargs, override_close_async)
        if started is None:
            return await wrapped(*args, **kwargs)
        exchange, args, kwargs = started
        try:
            result = await wrapped(*args, **kwargs)
        except BaseException as error:
            exchange.raised(error)
            raise
        exchange.returned(result, streamed=bool(kwargs.get("stream")))
        return result

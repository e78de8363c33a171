"""What is common to all SDKs: a call is stopped at its one entrance, started, let through, and ended, sync and async.

Which SDK it is, where its entrance lies and how its answers look is said by the entrance's own file (`_patch`,
`_openrouter_sdk`); what is recorded, by the floors below.
"""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from functools import partial
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from .. import attributes as names
from .._api.budget import Budget
from .._api.client import Account
from .._api.settlement import Settlement
from .._config import Settings
from .._guard import guarded
from .._operations import Operation
from .._telemetry.call import Call, Settle
from .._telemetry.recorder import Recorder
from .._wire.broadcast import joined
from .._wire.fields import Attributes, count
from .._wire.request import request_attributes
from .._wire.response import fold_error_body, fold_headers
from .open_responses import Hold, OpenResponses
from .patching import Entrance
from .streams import listen, listen_async

Listener = Callable[[Any, Hold], None]


class Exchange(ABC):
    """One request and its answer, on their way through an SDK."""

    __slots__ = ("_call", "_hold", "_listener", "_operation", "_responses", "_token", "settle")

    _token: Token[Context]

    def __init__(self, call: Call, operation: Operation, responses: OpenResponses, listener: Listener) -> None:
        self._call, self._operation = call, operation
        self._responses, self._listener = responses, listener
        # The registry keeps it until the call has ended. From here on it would outlive the response.
        self._hold: weakref.ref[Hold] | None = None
        self.settle: Settle | None = None

    def send(self) -> None:
        """The span is current while the request is sent, and no longer."""
        self._token = otel_context.attach(self._call.context)

    @guarded
    def answered(self, result: Any, *, streamed: bool) -> None:
        """The SDK returned: the call has ended, or its response is in the caller's hands now."""
        otel_context.detach(self._token)
        self._look_at(result, streamed)
        if self._hold is None:
            self._call.end()

    @guarded
    def failed(self, error: BaseException) -> None:
        """The SDK raised."""
        # A coroutine that is closed, perhaps by the garbage collector, may have left its context already.
        if not isinstance(error, GeneratorExit) or otel_context.get_current() is self._call.context:
            otel_context.detach(self._token)
        try:
            self._read_failure(error)
        finally:
            self._call.end(error)

    @abstractmethod
    def _look_at(self, result: Any, streamed: bool) -> None:
        """Read what the SDK returned, as far as that takes nothing from the caller."""

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

    def _read(self, response: Any) -> None:
        """Read a response whose body the SDK has read."""
        self._operation.fold_bytes(self._call.answer, response.content)
        fold_headers(self._call.answer, response.headers)

    def _hold_open(self, response: Any) -> Hold:
        hold = self._hold() if self._hold is not None else None
        if hold is None:
            self._call.settle = self.settle
            hold = self._responses.hold(response, self._call, self._operation)
            self._hold = weakref.ref(hold)
            self._listener(response, hold)
        return hold


Begun = tuple[Exchange, tuple[Any, ...], dict[str, Any]]


class Seam(ABC):
    """One `instrument()` of one SDK: what it put there, and how to take it out again."""

    def __init__(
        self, recorder: Recorder, settings: Settings, budget: Budget | None, settlement: Settlement | None
    ) -> None:
        self.recorder, self.endpoints = recorder, settings.endpoints
        self._budget, self._settlement = budget, settlement
        self._joins = settings.broadcast == "join"
        self._asks = budget is not None or settlement is not None
        self.responses = OpenResponses(settlement)
        self.active = False
        self._entrances: list[Entrance] = []

    def open(self) -> None:
        """Wrap the entrances."""
        self.active = True
        self._entrances = self._place()

    def close(self) -> None:
        """Make the SDK as it was. What cannot be taken out only passes through."""
        self.active = False
        for entrance in self._entrances:
            entrance.close()
        self.responses.end_dead()
        if self._budget is not None:
            self._budget.forget()
        if self._settlement is not None:
            self._settlement.close()

    @abstractmethod
    def _place(self) -> list[Entrance]:
        """Put `_request` and `_request_async` into the SDK."""

    @abstractmethod
    def _begin(self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], listener: Listener) -> Begun | None:
        """Start the span of a call that is ours, and say what to send in place of the arguments; guarded.

        None for any other call, which must cost next to nothing, and for all when this is closed.
        """

    def _start(
        self, operation: Operation, server: Attributes, body: Mapping[str, object], *headers: object
    ) -> Call | None:
        """Open the span of a call; None where nobody wants to hear of it."""
        origin = self.recorder.origins.find(operation.name)
        if origin is None:
            return None
        if self.responses.dead:
            self.responses.end_dead()
        return self.recorder.start(operation, server, request_attributes(body, *headers), body, origin)

    def _will_ask(self, exchange: Exchange, account: Account) -> None:
        """OpenRouter may be asked about this call, or its key."""
        if self._budget is not None:
            self._budget.know(account)
        if self._settlement is not None:
            exchange.settle = partial(self._settlement.take, account)

    def _trace_to_send(self, call: Call, body: Mapping[str, object]) -> dict[str, Any] | None:
        """The member `trace` to send in place of the caller's, so that OpenRouter's own spans land in our trace."""
        ours = call.span_context
        return joined(body, ours.trace_id, ours.span_id) if ours.is_valid and ours.trace_flags.sampled else None

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

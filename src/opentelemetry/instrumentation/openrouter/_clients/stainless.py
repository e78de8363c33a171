"""The only file that knows the OpenAI SDK's entrance: `OpenAI.request` and `AsyncOpenAI.request`, which all calls pass.

It decides whether a call is ours, hands request and answer to the floors below, and passes everything else through.
The SDK's facts it borrows are each pinned by a test (`tests/test_contract.py`), on the oldest and the newest SDK.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import openai
from openai._compat import model_copy

from .._guard import guarded
from .._operations import Operation, operation_at
from .._telemetry.call import Call
from .._wire.fields import members
from .._wire.response import fold_headers
from .base import Begun, Exchange, Listener, Seam
from .open_responses import OpenResponses
from .openai_api import account_of
from .openai_streams import observe
from .patching import Entrance


class OpenAISeam(Seam):
    """The OpenAI SDK, where its `base_url` is OpenRouter's."""

    def _place(self) -> list[Entrance]:
        return [
            Entrance(openai.OpenAI, "request", self._request),
            Entrance(openai.AsyncOpenAI, "request", self._request_async),
        ]

    @guarded
    def _begin(self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], listener: Listener) -> Begun | None:
        base_url = client.base_url
        server = self.endpoints.of(base_url)
        if server is None or not self.active:
            return None
        # request(cast_to, options, *, stream, stream_cls): openai/_base_client.py
        options = args[1] if len(args) > 1 else kwargs["options"]
        operation = operation_at(options.url, base_url)
        if operation is None or options.method.lower() != "post":
            return None
        # A client's own headers, then the call's: the later win.
        headers = getattr(client, "_custom_headers", None), options.headers
        body = _merged_body(options)
        call = self._start(operation, server, body, *headers)
        if call is None:
            return None
        exchange = _OpenAIExchange(call, operation, self.responses, listener, options.post_parser)
        if self._asks:
            self._will_ask(exchange, account_of(client))
        # `post_parser` is called with whatever the SDK parsed, when it parses it: at once for plain calls, at
        # `.parse()` for raw ones. The options belong to the caller, who may send them again: work on a copy. Put there
        # past the model, it does not count as set, so the SDK's debug log and a caller's JSON are as without us.
        copied = model_copy(options)
        vars(copied)["post_parser"] = exchange
        if self._joins and options.files is None and (trace := self._trace_to_send(call, body)) is not None:
            copied.extra_json = {**members(options.extra_json), "trace": trace}
        if len(args) > 1:
            args = (args[0], copied, *args[2:])
        else:
            kwargs = {**kwargs, "options": copied}
        exchange.send()
        return exchange, args, kwargs


class _OpenAIExchange(Exchange):
    """The parser in a request's options: nothing here leads back to them, or each call would leave a cycle."""

    __slots__ = ("_parser", "_seen")

    def __init__(
        self, call: Call, operation: Operation, responses: OpenResponses, listener: Listener, parser: object
    ) -> None:
        super().__init__(call, operation, responses, listener)
        self._parser = parser
        self._seen = False

    def __call__(self, value: Any) -> Any:
        """The SDK parsed *value*; the caller's own parser still follows."""
        # It is called from the method `parse` of the SDK's response (openai/_response.py, _legacy_response.py; 1.26.0
        # to 3.52.0), which knows what the value does not tell: the headers, and the retries. The frame gets no name
        # here: a frame that holds itself is garbage for the collector.
        self._see(value, sys._getframe(1).f_locals.get("self"))  # pyright: ignore[reportPrivateUsage] - see above
        return self._parser(value) if callable(self._parser) else value

    # Whoever prepares the options may copy them deeply, or pickle them: the call stays the same, and stays here.
    def __deepcopy__(self, _: object) -> "_OpenAIExchange":
        return self

    def __reduce__(self) -> tuple[Callable[[object], object], tuple[object]]:
        return _theirs, (self._parser,)

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

    def _look_at(self, result: Any, streamed: bool) -> None:
        if self._seen:
            return
        response = getattr(result, "http_response", result)
        if not hasattr(response, "is_closed"):  # someone who prepares the options has sent others, without us
            self._see(result, None)
            return
        # A raw response, or the HTTP library's own: nothing was parsed, and perhaps nothing read.
        self._count_retries(getattr(result, "retries_taken", None))
        if streamed or not response.is_closed:
            self._hold_open(response)
        else:
            self._read(response)


def _theirs(parser: object) -> object:
    return parser


def _merged_body(options: Any) -> Mapping[str, object]:
    """The body as it goes on the wire: `extra_body` over the method's own (openai/_base_client.py, _build_request)."""
    body, extra = options.json_data, options.extra_json
    return members(body) if extra is None else {**members(body), **members(extra)}

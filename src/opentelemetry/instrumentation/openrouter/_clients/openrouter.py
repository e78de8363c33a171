"""The client `openrouter`, OpenRouter's own SDK: wraps `BaseSDK.do_request`, which sends every request.

The SDK's models drop the upstream provider and the native finish reason, so the instrumentation reads the bytes of the
HTTP request and response. What the SDK does with them later, such as raising for a body that does not fit its models,
is not observed.
"""

import contextlib
import json
import weakref
from collections.abc import Generator, Mapping
from functools import partial
from typing import Any

from .._api.client import ApiClient, Response, open_response
from .._guard import guarded
from .._operations import Operation, api_base, operation_at
from .._telemetry.call import Call
from .._telemetry.job_poll import start_poll_at
from .._wire.base_urls import server_attributes
from .._wire.fields import EMPTY
from .._wire.response import fold_error_response
from ..package import OPENROUTER
from .base import ClientInstrumentation, Exchange, OverrideClose, StartedExchange
from .http_library import read_json
from .httpx import content, with_body
from .httpx_bodies import observe_body
from .patching import InnermostWrapper


class OpenRouterInstrumentation(ClientInstrumentation):
    """OpenRouter's own SDK. It has no other hosts, so every call is traced."""

    requirement = OPENROUTER
    module = "openrouter.basesdk"
    hosts = "any host"

    def _wrap_methods(self, module: Any) -> list[InnermostWrapper]:
        return [
            InnermostWrapper(module.BaseSDK, "do_request", self._wrap_request),
            InnermostWrapper(module.BaseSDK, "do_request_async", self._wrap_request_async),
        ]

    @guarded
    def _start_exchange(
        self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], override_close: OverrideClose
    ) -> StartedExchange | None:
        # do_request(*, hook_ctx, request, ...), always by keyword: openrouter/chat.py, 0.9.2 to 1.3.84
        request, base_url = kwargs["request"], kwargs["hook_ctx"].base_url
        started = self._start_request(client, request, base_url) if self.active else None
        if started is None:
            return None
        call, operation, body = started
        exchange = _OpenRouterExchange(call, operation, self.responses, override_close)
        if self._joins and body and (trace := self._trace_field(call, body)) is not None:
            kwargs = {**kwargs, "request": with_body(request, json.dumps({**body, "trace": trace}).encode())}
        exchange.send()
        return exchange, args, kwargs

    def _start_request(
        self, client: Any, request: Any, base_url: str
    ) -> tuple[Call, Operation, Mapping[str, object]] | None:
        """Start the span of a call, or the observation of a poll; also return its operation and its body."""
        url, server = str(request.url), server_attributes(base_url) or {}
        if request.method == "GET":
            polled = start_poll_at(self.recorder, url, base_url, server)
            return None if polled is None else (*polled, EMPTY)
        operation = operation_at(url, base_url)
        if operation is None or request.method != "POST":
            return None
        body, key = read_json(content(request)), request.headers.get("authorization", "")
        api_client = partial(_api_client, client.sdk_configuration, api_base(url, base_url), key)
        call = self._start_call(operation, server, body, [request.headers], api_client)
        return None if call is None else (call, operation, body)


class _OpenRouterExchange(Exchange):
    __slots__ = ()

    def _read_result(self, result: Any, streamed: bool) -> None:  # noqa: ARG002 - the response itself is known here
        status: int = result.status_code
        if status >= 400:  # noqa: PLR2004 - the SDK raises only after this
            fold_error_response(self.call.record, status, None)
        if result.is_closed:
            self._read(result)
        else:
            observe_body(result, self._track(result))


def _api_client(configuration: Any, base_url: str, key: str) -> ApiClient:
    """Return an API client that sends through the SDK's own HTTP client or, when that is closed, through a new one."""
    reference: weakref.ref[Any] = weakref.ref(configuration)

    @contextlib.contextmanager
    def stream(path: str, timeout: float) -> Generator[Response, None, None]:
        import httpx  # noqa: PLC0415 - a dependency of this SDK, not of this package

        with contextlib.ExitStack() as opened:
            http = getattr(reference(), "client", None) or opened.enter_context(httpx.Client())
            url = base_url.rstrip("/") + path
            yield opened.enter_context(open_response(http, url, {"authorization": key}, timeout))

    return ApiClient(base_url, key, stream)

"""The client `anthropic`: the Anthropic SDK, where its `base_url` is OpenRouter (`https://openrouter.ai/api`).

Newer releases make spans of their own. Such a span is completed, as that of any other instrumentation, and ends with
its call.
"""

import time
from typing import Any

import wrapt

from .._api.client import ApiClient
from .._guard import guarded
from .._telemetry.call import Call
from ..package import ANTHROPIC
from .base import OverrideClose, StartedExchange
from .stainless import StainlessInstrumentation
from .stainless_api import api_client


class AnthropicInstrumentation(StainlessInstrumentation):
    """The Anthropic SDK."""

    requirement = ANTHROPIC
    module = "anthropic"
    clients = ("Anthropic", "AsyncAnthropic")
    error_event_variable = "body"

    def _request_method(self) -> str:
        # The client starts its span in `request`, and sends within it in `_request` (_base_client.py). Older clients
        # make no span, and call `_request` once for each retry.
        return "_request" if hasattr(self._sdk.sync_client, "_tracer") else "request"

    def _start_exchange(
        self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], override_close: OverrideClose
    ) -> StartedExchange | None:
        started = super()._start_exchange(client, args, kwargs, override_close)
        if started is not None and started[0].call.has_enclosing_span:
            _delay_end(kwargs.get("call"), started[0].call)
        return started

    def _api_client(self, client: Any) -> ApiClient:
        # OpenRouter's API is below the version, which the paths of this SDK include.
        version = "" if str(client.base_url).rstrip("/").endswith("/v1") else "/v1"
        key = client.api_key or client.auth_token or ""
        return api_client(client, self._sdk.sync_client, key, self._sdk.client_headers(client), version)


@guarded
def _delay_end(sdk_call: Any, call: Call) -> None:
    """Delay the end of the span that the SDK made, if any, until *call* has ended."""
    if sdk_call is not None:
        sdk_call.span = span = SpanOfCall(sdk_call.span)
        call.on_end = span.call_ended


class SpanOfCall(wrapt.ObjectProxy):  # pyright: ignore[reportMissingTypeArgument] - older wrapt has no type parameter
    """The span that the SDK made of a call: its end waits until the call has ended, and its time stays.

    The SDK ends it before the caller has parsed a raw response, and before an error in a stream is raised.
    """

    __wrapped__: Any

    def __init__(self, span: Any) -> None:
        super().__init__(span)  # pyright: ignore[reportUnknownMemberType] - as above
        self._self_call_ended = False
        self._self_end_time: int | None = None

    def end(self, end_time: int | None = None) -> None:
        """The SDK ends the span."""
        self._self_end_time = self._self_end_time or end_time or time.time_ns()
        if self._self_call_ended:
            self.__wrapped__.end(self._self_end_time)

    def call_ended(self) -> None:
        """All attributes of the call are set."""
        self._self_call_ended = True
        if self._self_end_time is not None:
            self.__wrapped__.end(self._self_end_time)

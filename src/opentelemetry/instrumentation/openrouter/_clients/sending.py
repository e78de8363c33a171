"""The context in which a client sends a call: its span is current, and what the HTTP library sends is part of it."""

from contextvars import ContextVar, Token
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

# Not a key of OpenTelemetry's context: ddtrace replaces that, and keeps only the span and the baggage
# (ddtrace 4.16, internal/opentelemetry/context.py).
_CURRENT: Final[ContextVar["Sending | None"]] = ContextVar("openrouter-sending", default=None)


def is_sending() -> bool:
    """Whether a call is being sent in the current context."""
    return _CURRENT.get() is not None


class Sending:
    """A call that is being sent, from its creation until `end`."""

    __slots__ = ("_otel_token", "_token")

    _otel_token: Token[Context]
    _token: Token["Sending | None"]

    def __init__(self, context: Context) -> None:
        self._token = _CURRENT.set(self)
        self._otel_token = otel_context.attach(context)

    @property
    def is_current(self) -> bool:
        """Whether the current context is the one of this call."""
        return _CURRENT.get() is self

    def end(self) -> None:
        """Restore the context."""
        otel_context.detach(self._otel_token)
        _CURRENT.reset(self._token)

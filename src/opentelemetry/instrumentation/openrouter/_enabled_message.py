"""The one line that `instrument()` logs at INFO: which clients and hosts are instrumented, and with which options.

It contains no credentials: of a base URL only the host and the port.
"""

from collections.abc import Iterable

from . import attributes as names
from ._config import Settings


def enabled_message(settings: Settings, clients: Iterable[str]) -> str:
    """Return the line.

    Args:
        settings: the options that apply.
        clients: a description of each client.
    """
    return (
        f"OpenRouter instrumentation enabled. Clients: {', '.join(clients)}. "
        f"Hosts: {', '.join(settings.base_urls.hosts)}. "
        f"Dialects: {', '.join(settings.dialects) or 'none'}. "
        f"Content: {_content(settings)}. "
        f"Other options: {', '.join(_other_options(settings)) or 'default'}."
    )


def _content(settings: Settings) -> str:
    if settings.capture is None:
        return "not captured"
    places = [("span", settings.capture.on_span), ("event", settings.capture.on_event)]
    limit = "" if settings.content_max_length is None else f", {settings.content_max_length} characters of each text"
    redacted = ", redacted" if settings.redacts else ""
    return f"captured on {' and '.join(name for name, is_used in places if is_used)}{limit}{redacted}"


def _other_options(settings: Settings) -> Iterable[str]:
    """Yield each other option that is not its default, as it is written in `instrument()`."""
    defaults = (names.USER_ID, names.SESSION_ID)
    keys = [key for key in settings.baggage_keys if key not in defaults]
    if keys:
        yield f"baggage_keys={keys}"
    if settings.metric_attributes:
        yield f"metric_attributes={list(settings.metric_attributes)}"
    if settings.broadcast != "off":
        yield f"broadcast={settings.broadcast!r}"
    if settings.settle:
        yield "settle=True"
    if settings.budget:
        yield "budget=True"

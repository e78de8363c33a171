"""Settings in, the line that `instrument()` logs out: clients, hosts and options, without secrets."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._config import read_settings
from opentelemetry.instrumentation.openrouter._enabled_message import enabled_message

KNOWN = "openrouter.ai, *.openrouter.ai, openrouter.helicone.ai, gateway.ai.cloudflare.com (/openrouter)"


def test_defaults() -> None:
    """Without options the line has the clients and the known hosts."""
    assert enabled_message(read_settings(), ["openai 3.0", "openrouter 1.0 (any host)"]) == (
        f"OpenRouter instrumentation enabled. Clients: openai 3.0, openrouter 1.0 (any host). Hosts: {KNOWN}. "
        "Dialects: none. Content: not captured. Other options: default."
    )


def test_all_options() -> None:
    """Each option that is not its default is in the line; credentials, path and query of a base URL are not."""
    settings = read_settings(
        base_urls=["https://user:secret@gw.example/secret?key=secret"],
        capture_content=True,
        content_max_length=100,
        redact=str.upper,
        baggage_keys=["tenant.id"],
        metric_attributes=["tenant.id"],
        dialects=["Phoenix", "langfuse", "phoenix"],
        broadcast="join",
        settle=True,
        budget=True,
    )
    assert enabled_message(settings, ["openai 3.0"]) == (
        f"OpenRouter instrumentation enabled. Clients: openai 3.0. Hosts: {KNOWN}, gw.example:443. "
        "Dialects: phoenix, langfuse. "
        "Content: captured on span and event, 100 characters of each text, redacted. "
        "Other options: baggage_keys=['tenant.id'], metric_attributes=['tenant.id'], broadcast='join', settle=True, "
        "budget=True."
    )


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ({"capture_content": "span_only"}, "captured on span"),
        ({"capture_content": "event_only", "redact": str}, "captured on event, redacted"),
        ({"capture_content": "span_only", "content_max_length": 0}, "captured on span, 0 characters of each text"),
        ({"content_max_length": 5, "redact": str}, "not captured"),
        ({"capture_content": "span_only", "redactor": str}, "not captured"),
    ],
)
def test_content(options: dict[str, Any], content: str) -> None:
    """The line has where content is captured, with its limit and whether it is redacted."""
    assert f" Content: {content}. " in enabled_message(read_settings(**options), [])

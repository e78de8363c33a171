"""`ApiClient`: its representation."""

from opentelemetry.instrumentation.openrouter._api.client import ApiClient


def test_repr_has_no_key() -> None:
    """The representation, which may appear in a traceback or a log, does not contain the API key."""
    assert "canary" not in repr(ApiClient("https://a.example", "sk-or-canary", lambda *_: None))

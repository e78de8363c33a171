"""urllib3's bodies: a method that the caller took from a response has no effect on the call after its end."""

from types import SimpleNamespace
from typing import Any

from opentelemetry.instrumentation.openrouter._clients import urllib3_bodies


def test_response_without_a_body() -> None:
    """The body of a response is removed at its end."""
    response: Any = SimpleNamespace()
    urllib3_bodies._observe(response, b"piece", None)
    urllib3_bodies._failed(response, ValueError())
    urllib3_bodies._exhausted(response)
    urllib3_bodies._left(response)
    assert not vars(response)

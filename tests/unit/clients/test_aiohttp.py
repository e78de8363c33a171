"""aiohttp: requests to OpenRouter's own API use the standard library, and any status is a response."""

import email.message
import io
import urllib.error
import urllib.request
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api.client import ApiClient, UnusableResponseError


class Opened(io.BytesIO):
    """A response of the standard library."""

    status = 200


class Opener:
    """Returns a response, or raises it."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.headers: dict[str, str] = {}

    def open(self, request: urllib.request.Request, timeout: float) -> Any:
        self.headers = dict(request.header_items())
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def _client(monkeypatch: pytest.MonkeyPatch, response: Any) -> tuple[ApiClient, Opener]:
    opener = Opener(response)
    monkeypatch.setattr(urllib.request, "build_opener", lambda *_: opener)
    OpenRouterInstrumentor()._instrument(clients="aiohttp")
    (library,) = OpenRouterInstrumentor()._instrumentations
    OpenRouterInstrumentor()._uninstrument()
    return library._api_client("http://openrouter.test/api/v1", {"x-api-key": "k"}), opener  # pyright: ignore[reportAttributeAccessIssue] - an HTTP library


def test_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is read in pieces, and the response is closed."""
    response = Opened(b'{"data": {"id": "gen-1"}}')
    client, opener = _client(monkeypatch, response)
    assert client.get_data("/generation", 1.0) == {"id": "gen-1"}
    assert opener.headers == {"Authorization": "Bearer k"}
    assert response.closed


def test_error_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error status, which the standard library raises, is a response without data."""
    error = urllib.error.HTTPError("http://openrouter.test", 404, "", email.message.Message(), io.BytesIO(b"{}"))
    client, _ = _client(monkeypatch, error)
    with pytest.raises(UnusableResponseError) as raised:
        client.get_data("/generation", 1.0)
    assert raised.value.status == 404
    assert error.closed

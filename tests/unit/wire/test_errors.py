"""Exceptions and error bodies in, `ErrorInfo` out."""

import asyncio
import json
from typing import Any, Final

import pytest
from opentelemetry.instrumentation.openrouter._wire.errors import ErrorInfo, error_from_body, error_from_exception


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 502, "message": "m"}, ErrorInfo("provider_unavailable", "m", "502")),
        ({"code": "502", "message": "m"}, ErrorInfo("provider_unavailable", "m", "502")),
        ({"code": "server_error", "message": "m"}, ErrorInfo("server", "m", "server_error")),
        ({"code": "rate_limit_exceeded"}, ErrorInfo("rate_limit_exceeded", None, "rate_limit_exceeded")),
        ({"code": "odd"}, ErrorInfo("unmapped", None, "odd")),
        ({"code": 418}, ErrorInfo("invalid_request", None, "418")),
        ({"code": 599}, ErrorInfo("server", None, "599")),
        ({"code": 200}, ErrorInfo("unmapped", None, "200")),
        ({"code": True}, ErrorInfo("unmapped")),
        ({"code": 400, "metadata": {"error_type": "refusal"}}, ErrorInfo("refusal", None, "400")),
        ({"code": 400, "error_type": "invalid_prompt"}, ErrorInfo("invalid_prompt", None, "400")),
        ({"code": 400, "metadata": {"error_type": "Words of a user!"}}, ErrorInfo("invalid_request", None, "400")),
        ({"code": 403, "metadata": {"reasons": ["x"]}}, ErrorInfo("content_policy_violation", None, "403")),
        (
            {"code": 502, "metadata": {"provider_name": "Novita", "provider_code": 5, "raw": "secret"}},
            ErrorInfo("provider_unavailable", None, "502", "5", "Novita"),
        ),
        ({"type": "overloaded_error", "message": "m"}, ErrorInfo("provider_overloaded", "m")),
        (
            {"type": "api_error", "message": "m", "error_type": "provider_unavailable"},
            ErrorInfo("provider_unavailable", "m"),
        ),
        ("only words", ErrorInfo("unmapped", "only words")),
        (None, ErrorInfo("unmapped")),
        ([1], ErrorInfo("unmapped")),
    ],
)
def test_error_bodies(error: object, expected: ErrorInfo) -> None:
    """An `error` member gives one of the known error types, its message and its codes; nothing else is read."""
    assert error_from_body(error) == expected


class StatusError(Exception):
    """Has the attributes of the SDK's status errors: the status, and the inner error as body."""

    def __init__(self, status_code: int, body: Any) -> None:
        super().__init__("Error code: 400 - secret")
        self.status_code, self.body, self.message = status_code, body, "secret"


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        (StatusError(429, {"message": "m"}), ErrorInfo("rate_limit_exceeded", "m", "429")),
        (StatusError(502, "<html>secret"), ErrorInfo("provider_unavailable", None, "502")),
        (
            StatusError(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "m"}}),
            ErrorInfo("rate_limit_exceeded", "m", "429"),
        ),
        (
            StatusError(200, {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}),
            ErrorInfo("provider_overloaded", "m"),
        ),
        (StatusError(451, None), ErrorInfo("invalid_request", None, "451")),
        (StatusError(200, {"choices": "secret"}), ErrorInfo("invalid_response")),
        (asyncio.CancelledError(), ErrorInfo("cancelled")),
        (GeneratorExit(), ErrorInfo("cancelled")),
        (TimeoutError("secret"), ErrorInfo("timeout")),
        (ConnectionResetError("secret"), ErrorInfo("connection")),
        (KeyboardInterrupt(), ErrorInfo("KeyboardInterrupt")),
        (ValueError("secret"), ErrorInfo("ValueError")),
        (json.JSONDecodeError("secret", " \n ", 0), ErrorInfo("empty_response")),
        (json.JSONDecodeError("secret", "{", 0), ErrorInfo("invalid_response")),
        (UnicodeDecodeError("utf-8", b"secret", 0, 1, "secret"), ErrorInfo("invalid_response")),
        (RecursionError("secret"), ErrorInfo("RecursionError")),
    ],
)
def test_exceptions(exception: BaseException, expected: ErrorInfo) -> None:
    """An exception gives OpenRouter's error if it has one, else its class; its text, which may quote content, is not used."""
    assert error_from_exception(exception) == expected


def test_json_nested_too_deeply() -> None:
    """A body that the JSON parser cannot parse is no object; a recursion of the caller's own code is the caller's."""
    with pytest.raises(RecursionError) as raised:
        json.loads("[" * 100_000)
    assert error_from_exception(raised.value) == ErrorInfo("invalid_response")

    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as raised:
        recurse()
    assert error_from_exception(raised.value) == ErrorInfo("RecursionError")


@pytest.mark.parametrize("doc", ["", '{"city'])
def test_json_of_a_tool_call(doc: str) -> None:
    """JSON that the model generated is not the body: `.parse()` raises for the arguments of a tool call."""
    error = error_from_exception(json.JSONDecodeError("secret", doc, 0), has_response=True)
    assert error == ErrorInfo("json.decoder.JSONDecodeError")


def _exception(module: str, name: str, *bases: type) -> Any:
    """Return an exception class as an HTTP library has it."""
    return type(name, bases or (Exception,), {"__module__": module})


_URLLIB3_TIMEOUT: Final = _exception("urllib3.exceptions", "TimeoutError")
_REQUESTS_CONNECTION: Final = _exception("requests.exceptions", "ConnectionError", OSError)
_REQUESTS_TIMEOUT: Final = _exception("requests.exceptions", "Timeout", OSError)
_LM15_ERROR: Final = _exception("lm15.transports._exceptions", "TransportError")
_DSPY_ERROR: Final = _exception("dspy._vendor.lm15.transports._exceptions", "TransportError")
_AIOHTTP_CONNECTION: Final = _exception("aiohttp.client_exceptions", "ClientConnectionError")


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        (_URLLIB3_TIMEOUT("secret"), "timeout"),
        (_REQUESTS_CONNECTION("secret"), "connection"),
        (_REQUESTS_CONNECTION(), "connection"),
        (_REQUESTS_CONNECTION(_URLLIB3_TIMEOUT("secret")), "timeout"),
        (_exception("requests.exceptions", "ConnectTimeout", _REQUESTS_CONNECTION, _REQUESTS_TIMEOUT)(), "timeout"),
        (_exception("requests.exceptions", "ReadTimeout", _REQUESTS_TIMEOUT)(), "timeout"),
        (_exception("requests.exceptions", "ChunkedEncodingError")(), "connection"),
        (_AIOHTTP_CONNECTION("secret"), "connection"),
        (_exception("aiohttp", "ServerTimeoutError", _AIOHTTP_CONNECTION, TimeoutError)(), "timeout"),
        (_exception("aiohttp", "ClientPayloadError")("secret"), "connection"),
        (_LM15_ERROR("secret"), "connection"),
        (_exception("lm15", "ReadTimeout", _exception("lm15", "ReadError", _LM15_ERROR))("secret"), "timeout"),
        (_exception("dspy", "ReadError", _DSPY_ERROR)("secret"), "connection"),
        (_exception("dspy", "ConnectTimeout", _DSPY_ERROR)("secret"), "timeout"),
    ],
)
def test_exceptions_of_http_libraries(exception: BaseException, expected: str) -> None:
    """The exceptions of requests, urllib3, aiohttp and lm15 have a type, and no message."""
    assert error_from_exception(exception) == ErrorInfo(expected)

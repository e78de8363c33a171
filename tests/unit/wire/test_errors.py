"""Exceptions and error bodies in, failures out."""

import asyncio
import json
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._wire.errors import Failure, failure_in, failure_of


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"code": 502, "message": "m"}, Failure("provider_unavailable", "m", "502")),
        ({"code": "502", "message": "m"}, Failure("provider_unavailable", "m", "502")),
        ({"code": "server_error", "message": "m"}, Failure("server", "m", "server_error")),
        ({"code": "rate_limit_exceeded"}, Failure("rate_limit_exceeded", None, "rate_limit_exceeded")),
        ({"code": "odd"}, Failure("unmapped", None, "odd")),
        ({"code": 418}, Failure("invalid_request", None, "418")),
        ({"code": 599}, Failure("server", None, "599")),
        ({"code": 200}, Failure("unmapped", None, "200")),
        ({"code": True}, Failure("unmapped")),
        ({"code": 400, "metadata": {"error_type": "refusal"}}, Failure("refusal", None, "400")),
        ({"code": 400, "error_type": "invalid_prompt"}, Failure("invalid_prompt", None, "400")),
        ({"code": 400, "metadata": {"error_type": "Words of a user!"}}, Failure("invalid_request", None, "400")),
        ({"code": 403, "metadata": {"reasons": ["x"]}}, Failure("content_policy_violation", None, "403")),
        (
            {"code": 502, "metadata": {"provider_name": "Novita", "provider_code": 5, "raw": "secret"}},
            Failure("provider_unavailable", None, "502", "5", "Novita"),
        ),
        ("only words", Failure("unmapped", "only words")),
        (None, Failure("unmapped")),
        ([1], Failure("unmapped")),
    ],
)
def test_error_bodies(error: object, failure: Failure) -> None:
    """An `error` member gives a word of the vocabulary, its message and its codes; nothing else of it is read."""
    assert failure_in(error) == failure


class StatusError(Exception):
    """As the SDK's: the status, and the inner error as body."""

    def __init__(self, status_code: int, body: Any) -> None:
        super().__init__("Error code: 400 - secret")
        self.status_code, self.body, self.message = status_code, body, "secret"


@pytest.mark.parametrize(
    ("exception", "failure"),
    [
        (StatusError(429, {"message": "m"}), Failure("rate_limit_exceeded", "m", "429")),
        (StatusError(502, "<html>secret"), Failure("provider_unavailable", None, "502")),
        (StatusError(451, None), Failure("invalid_request", None, "451")),
        (StatusError(200, {"choices": "secret"}), Failure("tests.unit.wire.test_errors.StatusError", None, "200")),
        (asyncio.CancelledError(), Failure("cancelled")),
        (GeneratorExit(), Failure("cancelled")),
        (TimeoutError("secret"), Failure("timeout")),
        (ConnectionResetError("secret"), Failure("connection")),
        (KeyboardInterrupt(), Failure("KeyboardInterrupt")),
        (ValueError("secret"), Failure("ValueError")),
        (json.JSONDecodeError("secret", " \n ", 0), Failure("empty_response")),
        (json.JSONDecodeError("secret", "{", 0), Failure("json.decoder.JSONDecodeError")),
    ],
)
def test_exceptions(exception: BaseException, failure: Failure) -> None:
    """An exception gives what OpenRouter said in it, else its kind; its own words may quote content and stay inside."""
    assert failure_of(exception) == failure

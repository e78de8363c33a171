"""Errors, from exceptions and from error bodies, as one small vocabulary.

A `Failure` holds all that may leave the process of an error: its type, its own message, codes, and the upstream
provider's name. Error bodies also hold `user_id`, `flagged_input` and `raw`: those are never read.
"""

import re
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Final

from .. import attributes as names
from .fields import Attributes, integer, members, printable


@dataclass(frozen=True, slots=True)
class Failure:
    """One error, as it may be told: `type` is a word of the README's vocabulary, `message` the error's own."""

    type: str
    message: str | None = None
    code: str | None = None
    provider_code: str | None = None
    provider: str | None = None

    def attributes(self) -> Attributes:
        """The attributes of a span that failed so; the provider is one of the answer's."""
        found: Attributes = {names.ERROR_TYPE: self.type}
        for name, value in (
            (names.OPENROUTER_ERROR_CODE, self.code),
            (names.OPENROUTER_ERROR_PROVIDER_CODE, self.provider_code),
        ):
            if value is not None:
                found[name] = value
        return found


EMPTY_RESPONSE: Final = Failure("empty_response")
"""HTTP 200 and nothing in it: no choices, no chunks, or only the keep-alive whitespace."""


def failure_in(
    error: object, status: int | None = None, otherwise: str = "unmapped", *, word: object = None
) -> Failure:
    """Read the `error` member of a wire body.

    Args:
        error: the member: an object with `code`, `message` and `metadata`, or a bare message.
        status: the HTTP status it came with, where it was an error status.
        otherwise: the type where neither the error nor the status tells one.
        word: the `error_type` where it stands beside the member, as in the Responses API.
    """
    # The envelope: https://openrouter.ai/docs/api/reference/errors-and-debugging
    found = members(error)
    metadata = members(found.get("metadata"))
    code = found.get("code", status)
    kind = _word(metadata.get("error_type")) or _word(found.get("error_type")) or _word(word)
    if kind is None and metadata.get("reasons"):  # only a moderation error has reasons
        kind = "content_policy_violation"
    return Failure(
        type=kind or _by_code(code) or _by_code(status) or otherwise,
        message=printable(error) or printable(found.get("message")),
        code=_code(code),
        provider_code=_code(metadata.get("provider_code")),
        provider=printable(metadata.get("provider_name")),
    )


def failure_of(exception: BaseException) -> Failure:
    """Read what ended a call: an exception of the SDK, of its HTTP library, of asyncio, or of the caller."""
    name = _qualified_name(type(exception))
    status = integer(getattr(exception, "status_code", None))
    # `openai.APIError.body` is the inner `error` object of the body (openai/_client.py, _make_status_error; for an
    # error inside a stream openai/_streaming.py, __stream__). `.message` is not used: it may quote the whole body.
    body = getattr(exception, "body", None)
    if status is not None or body:
        return failure_in(members(body), status, otherwise=name)
    for cls in type(exception).__mro__:
        known = _BY_EXCEPTION.get((cls.__module__.partition(".")[0], cls.__name__))
        if known is not None:
            return Failure(known, message=printable(getattr(exception, "message", None)))
    if isinstance(exception, JSONDecodeError) and not exception.doc.strip():
        return EMPTY_RESPONSE
    return Failure(name)


def _qualified_name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _code(value: object) -> str | None:
    number = integer(value)
    return str(number) if number is not None else printable(value)


def _by_code(code: object) -> str | None:
    if isinstance(code, str):
        if code in _BY_WORD:
            return _BY_WORD[code]
        code = int(code) if code.isdecimal() and len(code) == 3 else None  # noqa: PLR2004 - an HTTP status
    number = integer(code)
    if number is None or not 400 <= number <= 599:  # noqa: PLR2004 - what HTTP calls errors
        return None
    return _BY_STATUS.get(number, "invalid_request" if number < 500 else "server")  # noqa: PLR2004 - the same


_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")  # an open vocabulary, but nothing that could carry a message

# The statuses OpenRouter documents and what each means there:
# https://openrouter.ai/docs/api/reference/errors-and-debugging#error-codes
_BY_STATUS: Final = {
    400: "invalid_request",
    401: "authentication",
    402: "payment_required",
    403: "permission_denied",
    404: "not_found",
    408: "timeout",
    413: "payload_too_large",
    422: "invalid_request",
    429: "rate_limit_exceeded",
    500: "server",
    502: "provider_unavailable",
    503: "provider_unavailable",
    504: "timeout",
    524: "timeout",
    529: "provider_overloaded",
}

# Codes that are words: the mid-stream example of https://openrouter.ai/docs/api/reference/streaming, and those of the
# Responses API, https://platform.openai.com/docs/api-reference/responses/object#responses/object-error
_BY_WORD: Final = {
    "server_error": "server",
    "rate_limit_exceeded": "rate_limit_exceeded",
    "invalid_prompt": "invalid_prompt",
}

_BY_EXCEPTION: Final = {
    ("openai", "APITimeoutError"): "timeout",  # openai/_exceptions.py: a kind of APIConnectionError, so it comes first
    ("openai", "APIConnectionError"): "connection",
    # What older SDKs let through while a stream is read: https://www.python-httpx.org/exceptions/
    ("httpx", "TimeoutException"): "timeout",
    ("httpx", "TransportError"): "connection",
    ("httpx2", "TimeoutException"): "timeout",
    ("httpx2", "TransportError"): "connection",
    ("builtins", "TimeoutError"): "timeout",
    ("builtins", "ConnectionError"): "connection",
    ("asyncio", "CancelledError"): "cancelled",
    ("trio", "Cancelled"): "cancelled",
    ("builtins", "GeneratorExit"): "cancelled",  # the coroutine of the request was closed
}

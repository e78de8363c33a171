"""Errors, from exceptions and from error bodies, as one small vocabulary of `error.type`.

An `ErrorInfo` holds all that may leave the process: the type, the error's own message, codes, and the name of the
upstream provider. Error bodies also hold `user_id`, `flagged_input` and `raw`: those are never read.
"""

import re
import traceback
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Final

from .. import attributes as names
from .fields import Attributes, integer, mapping, printable


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """One error: `type` is a value of `error.type` in docs/errors.md, `message` the error's own message."""

    type: str
    message: str | None = None
    code: str | None = None
    provider_code: str | None = None
    provider: str | None = None

    def attributes(self) -> Attributes:
        """Return the attributes of the error. The provider is an attribute of the response."""
        attributes: Attributes = {names.ERROR_TYPE: self.type}
        for name, value in (
            (names.OPENROUTER_ERROR_CODE, self.code),
            (names.OPENROUTER_ERROR_PROVIDER_CODE, self.provider_code),
        ):
            if value is not None:
                attributes[name] = value
        return attributes


EMPTY_RESPONSE: Final = ErrorInfo("empty_response")
"""HTTP 200 without content: no choices, no chunks, `null`, or only keep-alive whitespace."""
INVALID_RESPONSE: Final = ErrorInfo("invalid_response")
"""HTTP 200 with a body that is not the JSON object of the endpoint: HTML, truncated JSON, a list."""
INTERRUPTED_STREAM: Final = ErrorInfo("interrupted_stream")
"""A stream that ends like a complete one, but without a finish reason and without usage."""


def error_from_body(
    error: object, status: int | None = None, default: str = "unmapped", *, error_type: object = None
) -> ErrorInfo:
    """Read the field `error` of a body.

    Args:
        error: an object with `code`, `message` and `metadata`, or with `type`, `message` and `error_type`, or a bare
            message.
        status: the HTTP status, if it is an error status.
        default: the type if neither the error nor the status has one.
        error_type: the field `error_type` beside the error, as the Responses API sends it.
    """
    # The envelope: https://openrouter.ai/docs/api/reference/errors-and-debugging
    fields = mapping(error)
    metadata = mapping(fields.get("metadata"))
    code = fields.get("code", status)
    kind = _error_type(metadata.get("error_type")) or _error_type(fields.get("error_type")) or _error_type(error_type)
    if kind is None and metadata.get("reasons"):  # only a moderation error has reasons
        kind = "content_policy_violation"
    return ErrorInfo(
        type=kind or _type_from_code(code) or _type_from_code(status) or _type_from_code(fields.get("type")) or default,
        message=printable(error) or printable(fields.get("message")),
        code=_as_text(code),
        provider_code=_as_text(metadata.get("provider_code")),
        provider=printable(metadata.get("provider_name")),
    )


def error_from_exception(exception: BaseException, *, has_response: bool = False) -> ErrorInfo:
    """Read an exception that ended a call: of an SDK, of its HTTP library, of asyncio, or of the caller.

    Args:
        exception: the exception.
        has_response: the response was read, so an error of JSON concerns what the model generated, such as the
            arguments of a tool call, and not the body.
    """
    if not has_response and (info := _body_error(exception)) is not None:
        return info
    name = _qualified_name(type(exception))
    status = integer(getattr(exception, "status_code", None))
    # `openai.APIError.body` is the inner `error` object of the body (openai/_client.py, _make_status_error; for an
    # error inside a stream openai/_streaming.py, __stream__). `.message` is not used: it may quote the whole body.
    # `anthropic.APIError.body` is the whole body, and its status is 200 for an error inside a stream
    # (anthropic/_streaming.py, __stream__).
    body = mapping(getattr(exception, "body", None))
    inner = mapping(body.get("error"))
    if inner:
        body, status = inner, None if status in _SUCCESS else status
    elif status in _SUCCESS:  # openai/_response.py: an APIResponseValidationError, with `_strict_response_validation`
        return INVALID_RESPONSE
    if status is not None or body:
        return error_from_body(body, status, default=name)
    known = _type_from_class(type(exception))
    if known is not None:
        # requests raises its ConnectionError for a timeout while a body is read (requests/models.py, iter_content).
        is_timeout = any(_type_from_class(cause.__class__) == "timeout" for cause in exception.args[:1])
        return ErrorInfo("timeout" if is_timeout else known, message=printable(getattr(exception, "message", None)))
    return ErrorInfo(name)


def _body_error(exception: BaseException) -> ErrorInfo | None:
    """Return the error of a body that the SDK could not parse."""
    if isinstance(exception, JSONDecodeError):
        return INVALID_RESPONSE if exception.doc.strip() else EMPTY_RESPONSE
    if isinstance(exception, UnicodeDecodeError):
        return INVALID_RESPONSE
    if isinstance(exception, RecursionError):  # of the caller's own code, unless the JSON parser raised it
        frames = [frame for frame, _ in traceback.walk_tb(exception.__traceback__)]
        is_parser = bool(frames) and frames[-1].f_globals.get("__name__") == JSONDecodeError.__module__
        return INVALID_RESPONSE if is_parser else None
    return None


def _type_from_class(cls: type) -> str | None:
    known = (_BY_EXCEPTION.get((each.__module__.partition(".")[0], each.__name__)) for each in cls.__mro__)
    return next(filter(None, known), None)


def _qualified_name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _error_type(value: object) -> str | None:
    return value if isinstance(value, str) and _ERROR_TYPE.fullmatch(value) else None


def _as_text(value: object) -> str | None:
    number = integer(value)
    return str(number) if number is not None else printable(value)


def _type_from_code(code: object) -> str | None:
    if isinstance(code, str):
        if code in _BY_CODE:
            return _BY_CODE[code]
        code = int(code) if code.isdecimal() and len(code) == 3 else None  # noqa: PLR2004 - an HTTP status
    number = integer(code)
    if number is None or not 400 <= number <= 599:  # noqa: PLR2004 - what HTTP calls errors
        return None
    return _BY_STATUS.get(number, "invalid_request" if number < 500 else "server")  # noqa: PLR2004 - as above


_SUCCESS: Final = range(200, 300)  # HTTP statuses
_ERROR_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")  # an open vocabulary that cannot carry a message

# The statuses that OpenRouter documents, and their meaning:
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

# Codes that are not numbers: the mid-stream example of https://openrouter.ai/docs/api/reference/streaming, and the
# Responses API, https://platform.openai.com/docs/api-reference/responses/object#responses/object-error
# Then the types of the Anthropic Messages API: https://platform.claude.com/docs/en/api/errors
_BY_CODE: Final = {
    "server_error": "server",
    "rate_limit_exceeded": "rate_limit_exceeded",
    "invalid_prompt": "invalid_prompt",
    "invalid_request_error": "invalid_request",
    "authentication_error": "authentication",
    "billing_error": "payment_required",
    "permission_error": "permission_denied",
    "not_found_error": "not_found",
    "request_too_large": "payload_too_large",
    "rate_limit_error": "rate_limit_exceeded",
    "timeout_error": "timeout",
    "api_error": "server",
    "overloaded_error": "provider_overloaded",
}

_BY_EXCEPTION: Final = {
    # openai/_exceptions.py: a subclass of APIConnectionError, so it comes first
    ("openai", "APITimeoutError"): "timeout",
    ("openai", "APIConnectionError"): "connection",
    ("anthropic", "APITimeoutError"): "timeout",  # anthropic/_exceptions.py: the same
    ("anthropic", "APIConnectionError"): "connection",
    # Older SDKs raise these while a stream is read: https://www.python-httpx.org/exceptions/
    ("httpx", "TimeoutException"): "timeout",
    ("httpx", "TransportError"): "connection",
    ("httpx2", "TimeoutException"): "timeout",
    ("httpx2", "TransportError"): "connection",
    # requests/exceptions.py: ConnectTimeout is a ConnectionError too, so it comes first
    ("requests", "ConnectTimeout"): "timeout",
    ("requests", "Timeout"): "timeout",
    ("requests", "ConnectionError"): "connection",
    ("requests", "ChunkedEncodingError"): "connection",
    # urllib3/exceptions.py: raised while the body of a `requests` response is read
    ("urllib3", "TimeoutError"): "timeout",
    ("urllib3", "ProtocolError"): "connection",
    ("urllib3", "SSLError"): "connection",
    # aiohttp/client_exceptions.py: ServerTimeoutError is a ClientConnectionError too, so it comes first
    ("aiohttp", "ServerTimeoutError"): "timeout",
    ("aiohttp", "ClientConnectionError"): "connection",
    ("aiohttp", "ClientPayloadError"): "connection",
    # lm15/transports/_exceptions.py, and its copy in DSPy: each timeout is a TransportError too, so they come first
    **{
        (package, name): kind
        for package in ("lm15", "dspy")
        for name, kind in (
            ("ConnectTimeout", "timeout"),
            ("ReadTimeout", "timeout"),
            ("WriteTimeout", "timeout"),
            ("TransportError", "connection"),
        )
    },
    ("asyncio", "TimeoutError"): "timeout",  # Python 3.10
    ("builtins", "TimeoutError"): "timeout",
    ("builtins", "ConnectionError"): "connection",
    ("asyncio", "CancelledError"): "cancelled",
    ("trio", "Cancelled"): "cancelled",
    ("builtins", "GeneratorExit"): "cancelled",  # the coroutine of the request was closed
}

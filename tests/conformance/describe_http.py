"""What is described of the responses and requests of requests, urllib3 and aiohttp. Nothing is read or changed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Getters = Mapping[str, Callable[[Any], Any]]


def _attributes(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: lambda value, name=name: getattr(value, name) for name in names}


def _headers(value: Any) -> list[tuple[str, str]]:
    return [(name, text) for name, text in value.headers.items() if name.lower() != "date"]


_REQUESTS: Final = {
    **_attributes(
        "status_code",
        "reason",
        "encoding",
        "ok",
        "is_redirect",
        "url",
        "links",
        "_content",
        "_content_consumed",
        "raw",
        "elapsed",
        "request",
        "history",
    ),
    "headers": _headers,
    "cookies": lambda value: sorted(value.cookies.items()),
    "repr": repr,
    "attributes": lambda value: dict.fromkeys(sorted(vars(value)), True),
}
_URLLIB3: Final = {
    **_attributes("status", "reason", "version", "closed", "decode_content", "chunked", "length_remaining"),
    "headers": _headers,
    "tell": lambda value: value.tell(),
    "has connection": lambda value: value._connection is not None,
    "is closed": lambda value: value.isclosed(),
    "readable": lambda value: value.readable(),
    "attributes": lambda value: dict.fromkeys(sorted(vars(value)), True),
}
# Not what depends on how much has arrived, as whether the reader is at its end; the access patterns note that.
_AIOHTTP: Final = {
    **_attributes("status", "reason", "version", "ok", "method", "host", "_body", "history", "headers"),
    "url": lambda value: str(value.url),
    "reader": lambda value: f"{type(value.content).__module__}.{type(value.content).__qualname__}",
    "repr": repr,
}
VIEWS: Final[tuple[tuple[str, str, Getters], ...]] = (
    ("requests.models", "Response", _REQUESTS),
    (
        "requests.models",
        "PreparedRequest",
        {
            **_attributes("method", "url"),
            "body": lambda value: "a form" if b"form-data" in (value.body or b"") else value.body,
            "headers": lambda value: list(value.headers.items()),
        },
    ),
    ("urllib3.response", "HTTPResponse", _URLLIB3),
    ("aiohttp.client_reqrep", "ClientResponse", _AIOHTTP),
)
"""Module and class, and what is described."""

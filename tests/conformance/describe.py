"""Describes what the SDK returns or raises as plain data to compare: values, responses, exceptions with frames."""

import datetime as dt
import functools
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

import pydantic

from .describe_http import VIEWS, Getters
from .sdks import INSTALLED

OURS: Final = ("/opentelemetry/instrumentation/openrouter/", "/wrapt/")
"""Files whose frames may appear between the SDK's frames."""
_VOLATILE: Final = ("date",)
_ADDRESS: Final = re.compile(
    r"(?<=0x)[0-9a-f]+|(?<=scope )[0-9a-f]{9,}|fd=\d+|'127\.0\.0\.1', \d+|Task-\d+|(?<='date': )'[^']*'"
    r"|(?:boundary=|--)[0-9a-f]{32}"
)
_PATH_PREFIX: Final = re.compile(r".*/(?:site-packages|lib/python3\.\d+)/")
_RETRY_KEY: Final = re.compile(r"stainless-python-retry-[0-9a-f-]{36}")
_MAX_DEPTH: Final = 12

Plain = Any


def normalized(text: object) -> str:
    """Return the text without what changes from run to run: addresses, file descriptors, local ports, retry keys."""
    return _normalized(str(text))


@functools.lru_cache(maxsize=2**14)  # the same texts come in thousands of cases
def _normalized(text: str) -> str:
    return _RETRY_KEY.sub("random", _ADDRESS.sub("…", text))


def kind(value: object) -> str:
    """Return the qualified name of the value's type."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def attempt(do: Callable[[], Any], depth: int = 0) -> Plain:
    """Return the description of the result of *do*, or of the exception that it raises."""
    try:
        return describe(do(), depth)
    except Exception as error:  # noqa: BLE001 - the exception is compared
        return f"{kind(error)}: {normalized(error)}"


def describe(value: Any, depth: int = 0) -> Plain:
    """Describe any value that a caller may get, without changing it."""
    if depth > _MAX_DEPTH:
        return "…"
    if type(value) in _PLAIN:  # most values are, and the search below is slow
        return value
    return next(describer(value, depth) for applies, describer in _DESCRIBERS if applies(value))


def _mapping(value: Mapping[Any, Any], depth: int) -> Plain:
    entries = {normalized(key): describe(each, depth + 1) for key, each in value.items() if key not in _VOLATILE}
    return {"": kind(value), **entries}


def _sequence(value: Any, depth: int) -> Plain:
    ordered = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
    return [kind(value), *(describe(each, depth + 1) for each in ordered)]


def _model(value: Any, depth: int) -> Plain:
    dump = getattr(value, "model_dump", None) or value.dict
    return {
        "": kind(value),
        "fields set": sorted(getattr(value, "model_fields_set", None) or value.__fields_set__),
        "dump": attempt(dump),
        "json": attempt(getattr(value, "model_dump_json", None) or value.json),
        "repr": normalized(repr(value)),
        "request id": getattr(value, "_request_id", "none"),
        "attributes": {name: kind(each) for name, each in sorted(vars(value).items())},
        "private": describe(getattr(value, "__pydantic_private__", None), depth + 1),
    }


def _raw_response(value: Any, depth: int) -> Plain:
    """Describe one of the SDK's raw responses."""
    names = ("status_code", "method", "http_version", "is_closed", "retries_taken", "request_id", "elapsed")
    return {
        "": kind(value),
        **{name: attempt(lambda name=name: getattr(value, name, "none")) for name in names},
        "url": str(value.url),
        "repr": normalized(repr(value)),
        "headers": _headers(value.headers),
        "request": describe(value.http_request, depth + 1),
        "response": describe(value.http_response, depth + 1),
    }


def _http_response(value: Any, depth: int) -> Plain:
    names = (
        "status_code",
        "reason_phrase",
        "http_version",
        "is_closed",
        "is_stream_consumed",
        "num_bytes_downloaded",
        "encoding",
        "charset_encoding",
        "is_success",
        "history",
        "has_redirect_location",
        "elapsed",
        "content",
    )
    return {
        "": kind(value),
        **{name: attempt(lambda name=name: getattr(value, name)) for name in names},
        "headers": _headers(value.headers),
        "extensions": {name: kind(each) for name, each in sorted(value.extensions.items())},
        "stream": kind(value.stream),
        "request": attempt(lambda: value.request) if depth < 3 else "…",  # noqa: PLR2004 - deeper, the request was described above
    }


def _http_request(value: Any, _: int) -> Plain:
    return {
        "": kind(value),
        "method": value.method,
        "url": str(value.url),
        "headers": _headers(value.headers),
        "content": attempt(lambda: "a form" if b"form-data" in value.content else value.content),
        "extensions": describe(dict(value.extensions)),
    }


def _headers(value: Any) -> Plain:
    """Return the headers with the case of their names on the wire."""
    raw = getattr(value, "raw", None) or [(name.encode(), text.encode()) for name, text in value.items()]
    return [(name, normalized(text.decode())) for name, text in raw if name.decode().lower() not in _VOLATILE]


def _stream(value: Any, depth: int) -> Plain:
    return {
        "": kind(value),
        "attributes": dict.fromkeys(vars(value), True),
        "response": describe(value.response, depth + 1),
    }


def _binary(value: Any, depth: int) -> Plain:
    return {"": kind(value), "response": describe(value.response, depth + 1), "content": attempt(lambda: value.content)}


def _exception(error: BaseException, depth: int) -> Plain:
    frames = _frames(error.__traceback__)
    return {
        "": [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__],
        "text": normalized(error),
        "args": describe(list(error.args), depth + 1),
        "attributes": describe({name: each for name, each in vars(error).items() if name != "__notes__"}, depth + 1),
        "notes": list(getattr(error, "__notes__", [])),
        "frames": [frame for frame in frames if frame],
        "is suppressed": error.__suppress_context__,
        "cause": describe(error.__cause__, depth + 1),
        "context": describe(error.__context__, depth + 1) if error.__context__ is not error.__cause__ else "the cause",
    }


def _frames(trace: TracebackType | None) -> list[str]:
    """Return the frames, outermost first; an empty string for each of ours."""
    return [
        ""
        if is_ours(frame.f_code.co_filename)
        else f"{_short_path(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    ]


def count_our_frames(error: BaseException | None) -> int:
    """Count the instrumentation's frames in an exception's traceback."""
    return sum(not frame for frame in _frames(error.__traceback__)) if error is not None else 0


def is_ours(file: str) -> bool:
    """Return whether a file belongs to the instrumentation or to wrapt."""
    return any(part in file for part in OURS)


def _short_path(file: str) -> str:
    return _PATH_PREFIX.sub("", file)


def _is(*classes: Any) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, classes)


def _is_private(*names: tuple[str, str]) -> Callable[[Any], bool]:
    """Match a private class of an SDK, given by module and name."""
    return _is(*(sdk.private(module, name) for sdk in INSTALLED for module, name in names))


def _is_of(module: str, name: str) -> Callable[[Any], bool]:
    """Match a class of a library that need not be installed, and its subclasses."""
    return lambda value: module in sys.modules and isinstance(value, getattr(sys.modules[module], name))


def _view(getters: Getters, value: Any, depth: int) -> Plain:
    return {
        "": kind(value),
        **{
            name: "…" if depth > _MAX_DEPTH else attempt(lambda get=get: get(value), depth + 1)
            for name, get in getters.items()
        },
    }


def _name_ends_with(ending: str) -> Callable[[Any], bool]:
    """Match a class of the HTTP library by name, as there are two libraries."""
    return lambda value: type(value).__name__.endswith(ending)


_PLAIN: Final = (type(None), bool, int, float, bytes)
_DESCRIBERS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, int], Plain]], ...]] = (
    (_is(*_PLAIN), lambda value, _: value),
    (_is(str), lambda value, _: normalized(value)),
    (_is(dt.timedelta), lambda *_: "a time"),
    (_is(Mapping), _mapping),
    (_is(list, tuple, set, frozenset), _sequence),
    (_is(BaseException), _exception),
    (_is(pydantic.BaseModel), _model),
    (_is_private(("_legacy_response", "LegacyAPIResponse"), ("_response", "BaseAPIResponse")), _raw_response),
    (_is_private(("_streaming", "Stream"), ("_streaming", "AsyncStream")), _stream),
    (_is_private(("_legacy_response", "HttpxBinaryResponseContent")), _binary),
    *(
        (_is_of(module, name), lambda value, depth, getters=getters: _view(getters, value, depth))
        for module, name, getters in VIEWS
    ),
    (_name_ends_with("Response"), _http_response),
    (_name_ends_with("ResponseContent"), _http_response),
    (_name_ends_with("Request"), _http_request),
    (lambda _: True, lambda value, _: f"{kind(value)}: {normalized(repr(value))}"),
)
"""The first one that applies is used."""

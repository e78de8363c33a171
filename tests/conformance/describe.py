"""What the SDK gives its caller, as plain data to be compared: values, responses, exceptions with their frames."""

import datetime as dt
import re
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

import openai
import pydantic
from openai._legacy_response import HttpxBinaryResponseContent, LegacyAPIResponse
from openai._response import BaseAPIResponse

OURS: Final = ("/opentelemetry/instrumentation/openrouter/", "/wrapt/")
"""Files whose frames may stand between the SDK's."""
_VOLATILE: Final = ("date",)
_ADDRESS: Final = re.compile(
    r"(?<=0x)[0-9a-f]+|(?<=scope )[0-9a-f]{9,}|fd=\d+|'127\.0\.0\.1', \d+|Task-\d+|(?<='date': )'[^']*'"
    r"|boundary=[0-9a-f]{32}"
)
_PLACE: Final = re.compile(r".*/(?:site-packages|lib/python3\.\d+)/")
_DRAWN: Final = re.compile(r"stainless-python-retry-[0-9a-f-]{36}")
_DEEPEST: Final = 12

Plain = Any


def steady(text: object) -> str:
    """Its text, without what is another at each run: addresses, file descriptors, local ports."""
    return _DRAWN.sub("drawn", _ADDRESS.sub("…", str(text)))


def kind(value: object) -> str:
    """The name of its type, with its module."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def attempt(do: Callable[[], Any]) -> Plain:
    """What *do* gives, described; or what it raises, in a line."""
    try:
        return describe(do())
    except Exception as error:  # noqa: BLE001 - what it raises is what is compared
        return f"{kind(error)}: {steady(error)}"


def describe(value: Any, depth: int = 0) -> Plain:
    """Any value that a caller may get, without changing it."""
    if depth > _DEEPEST:
        return "…"
    return next(how(value, depth) for suits, how in _HOW if suits(value))


def _mapping(value: Mapping[Any, Any], depth: int) -> Plain:
    kept = {steady(key): describe(each, depth + 1) for key, each in value.items() if key not in _VOLATILE}
    return {"": kind(value), **kept}


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
        "repr": steady(repr(value)),
        "request id": getattr(value, "_request_id", "none"),
        "kept": {name: kind(each) for name, each in sorted(vars(value).items())},
        "private": describe(getattr(value, "__pydantic_private__", None), depth + 1),
    }


def _reply(value: Any, depth: int) -> Plain:
    """The SDK's own raw responses."""
    names = ("status_code", "method", "http_version", "is_closed", "retries_taken", "request_id", "elapsed")
    return {
        "": kind(value),
        **{name: attempt(lambda name=name: getattr(value, name, "none")) for name in names},
        "url": str(value.url),
        "repr": steady(repr(value)),
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
        "request": attempt(lambda: value.request) if depth < 3 else "…",  # noqa: PLR2004 - it stands above already
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
    """With the case that their names have on the wire."""
    raw = getattr(value, "raw", None) or [(name.encode(), text.encode()) for name, text in value.items()]
    return [(name, steady(text.decode())) for name, text in raw if name.decode().lower() not in _VOLATILE]


def _stream(value: Any, depth: int) -> Plain:
    return {"": kind(value), "kept": sorted(vars(value)), "response": describe(value.response, depth + 1)}


def _binary(value: Any, depth: int) -> Plain:
    return {"": kind(value), "response": describe(value.response, depth + 1), "content": attempt(lambda: value.content)}


def _exception(error: BaseException, depth: int) -> Plain:
    frames = _frames(error.__traceback__)
    return {
        "": [f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__],
        "text": steady(error),
        "args": describe(list(error.args), depth + 1),
        "kept": describe({name: each for name, each in vars(error).items() if name != "__notes__"}, depth + 1),
        "notes": list(getattr(error, "__notes__", [])),
        "frames": [frame for frame in frames if frame],
        "is suppressed": error.__suppress_context__,
        "cause": describe(error.__cause__, depth + 1),
        "context": describe(error.__context__, depth + 1) if error.__context__ is not error.__cause__ else "the cause",
    }


def _frames(trace: TracebackType | None) -> list[str]:
    """The visible frames, outermost first; empty where one is ours."""
    return [
        "" if is_ours(frame.f_code.co_filename) else f"{_place(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    ]


def frames_of_ours(error: BaseException | None) -> int:
    """How many frames of ours stand in an exception's traceback."""
    return sum(not frame for frame in _frames(error.__traceback__)) if error is not None else 0


def is_ours(file: str) -> bool:
    """Whether it is a file of the instrumentation, or of the library that it wraps with."""
    return any(part in file for part in OURS)


def _place(file: str) -> str:
    return _PLACE.sub("", file)


def _is(*classes: Any) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, classes)


def _is_called(ending: str) -> Callable[[Any], bool]:
    """Of the HTTP library, of which there are two."""
    return lambda value: type(value).__name__.endswith(ending)


_HOW: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, int], Plain]], ...]] = (
    (_is(type(None), bool, int, float, bytes), lambda value, _: value),
    (_is(str), lambda value, _: steady(value)),
    (_is(dt.timedelta), lambda *_: "a time"),
    (_is(Mapping), _mapping),
    (_is(list, tuple, set, frozenset), _sequence),
    (_is(BaseException), _exception),
    (_is(pydantic.BaseModel), _model),
    (_is(LegacyAPIResponse, BaseAPIResponse), _reply),
    (_is(openai.Stream, openai.AsyncStream), _stream),
    (_is(HttpxBinaryResponseContent), _binary),
    (_is_called("Response"), _http_response),
    (_is_called("ResponseContent"), _http_response),
    (_is_called("Request"), _http_request),
    (lambda _: True, lambda value, _: f"{kind(value)}: {steady(repr(value))}"),
)
"""The first that suits."""

"""The options of `instrument()` and their environment variables, read once.

A wrong value is one clear warning and the default; nothing here raises.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, cast

from . import attributes as names
from ._content.parts import Keep, keeper
from ._guard import guarded, logger
from ._telemetry.dialects import DIALECTS, Dialect
from ._wire.base_urls import Endpoints
from ._wire.broadcast import MODES

PREFIX: Final = "OTEL_INSTRUMENTATION_OPENROUTER_"
CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The one variable that all GenAI instrumentations share (opentelemetry-util-genai, environment_variables.py)."""

# Where content goes: on the span, on the event. `true` is what older instrumentations took.
_MODES: Final = {
    "no_content": (False, False),
    "span_only": (True, False),
    "event_only": (False, True),
    "span_and_event": (True, True),
    "true": (True, True),
    "false": (False, False),
    "": (False, False),
}


_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class Capture:
    """Where content goes, and what may be told of each text."""

    on_span: bool
    on_event: bool
    keep: Keep


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose."""

    endpoints: Endpoints
    capture: Capture | None
    """None where no content is captured."""
    baggage_keys: tuple[str, ...]
    """Baggage entries that become attributes of each call."""
    metric_attributes: tuple[str, ...]
    """Attributes of a request that its metrics carry too."""
    dialect: Dialect
    """What is said beside the standard words; empty by default."""
    broadcast: str
    """How our spans and OpenRouter's own meet: `off`, `link` or `join`."""
    settle: bool
    """Whether OpenRouter is asked what a stream cost that was cut before it told."""
    budget: bool
    """Whether OpenRouter is asked what is left of each key's budget."""


def read_settings(  # noqa: PLR0913 - one argument an option
    *,
    base_urls: str | Iterable[str] | None = None,
    capture_content: str | bool | None = None,
    content_max_length: int | str | None = None,
    redact: Callable[[str], str | None] | None = None,
    baggage_keys: str | Iterable[str] | None = None,
    metric_attributes: str | Iterable[str] | None = None,
    dialects: str | Iterable[str] | None = None,
    budget: bool | str | None = None,
    settle: bool | str | None = None,
    broadcast: str | None = None,
) -> Settings:
    """Settle each option: the argument where it is given, else the environment, else the default.

    Args:
        base_urls: further base URLs that are OpenRouter (a gateway, a test server).
        capture_content: `no_content`, `span_only`, `event_only` or `span_and_event`, in any case; a bool is the last
            or the first. Its variable is `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`.
        content_max_length: so many characters are kept of each captured text; all, by default.
        redact: is given each captured text and returns what may be told of it. There is no variable for it.
        baggage_keys: further baggage entries that become attributes; `user.id` and `session.id` always do.
        metric_attributes: attributes of a request that its metrics carry too.
        dialects: names of backends whose own words are added to each span.
        broadcast: `off`, `link` (to the trace that OpenRouter Broadcast sends) or `join` (give it ours).
        settle: ask OpenRouter what a stream cost that was cut before it told; its span waits for that.
        budget: ask OpenRouter once a minute what is left of each key's budget, and tell it as gauges.

    Lists may be one comma-separated string; the variables are `OTEL_INSTRUMENTATION_OPENROUTER_` and the name.
    """
    return Settings(
        endpoints=Endpoints(filter(_is_absolute, _listed("base_urls", base_urls))),
        capture=_capture(capture_content, content_max_length, redact),
        baggage_keys=(names.USER_ID, names.SESSION_ID, *_listed("baggage_keys", baggage_keys)),
        metric_attributes=tuple(_listed("metric_attributes", metric_attributes)),
        dialect=_dialect(_listed("dialects", dialects)),
        budget=_switch("budget", budget),
        settle=_switch("settle", settle),
        broadcast=_broadcast(_given("broadcast", broadcast)),
    )


def _given(option: str, value: object) -> object:
    return os.environ.get(PREFIX + option.upper(), "") if value is None else value


def _listed(option: str, value: object) -> list[str]:
    value = _given(option, value)
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, Iterable):
        logger.warning("%s must be a list of strings, not %r; it is left out.", option, value)
        return []
    return [entry for each in cast("Iterable[object]", value) if (entry := str(each).strip())]


def _switch(option: str, value: object) -> bool:
    word = str(_given(option, value)).strip().lower()
    if word not in _SWITCHES:
        logger.warning("%s must be true or false, not %r; it stays off.", option, word)
    return _SWITCHES.get(word, False)


def _broadcast(value: object) -> str:
    mode = str(value).strip().lower() or MODES[0]
    if mode not in MODES:
        logger.warning("broadcast: %r is none of %s; it stays off.", value, ", ".join(MODES))
        return MODES[0]
    return mode


def _is_absolute(url: str) -> bool:
    try:
        Endpoints([url])
    except ValueError:
        logger.warning("base_urls: %r is not an absolute URL; it is left out.", url)
        return False
    return True


def _dialect(backends: list[str]) -> Dialect:
    wanted = [backend.lower() for backend in backends]
    unknown = [backend for backend in wanted if backend not in DIALECTS]
    if unknown:
        logger.warning("dialects: %s is none of %s; it is left out.", ", ".join(unknown), ", ".join(DIALECTS))
    return {word: row for backend in wanted for word, row in DIALECTS.get(backend, {}).items()}


def _capture(mode: object, limit: object, redact: Callable[[str], str | None] | None) -> Capture | None:
    word = str(os.environ.get(CAPTURE_VARIABLE, "") if mode is None else mode).strip().lower()
    if word not in _MODES:
        known = ", ".join(name for name in _MODES if "_" in name)
        logger.warning("capture_content: %r is none of %s; no content is captured.", mode or word, known)
    on_span, on_event = _MODES.get(word, (False, False))
    if not (on_span or on_event):
        return None
    if redact is not None and not callable(redact):
        # What was to be hidden must not be told.
        logger.warning("redact: %r is no function; no content is captured.", redact)
        return None
    return Capture(on_span, on_event, keeper(_length(_given("content_max_length", limit)), _safe(redact)))


def _length(value: object) -> int | None:
    word = str(value).strip()
    if not word:
        return None
    if word.isdecimal() and not isinstance(value, bool):
        return int(word)
    logger.warning("content_max_length: %r is no number of characters; content is not cut.", value)
    return None


def _safe(redact: Callable[[str], str | None] | None) -> Callable[[str], str | None] | None:
    """The user's function, which may fail: then nothing is told of that text."""
    if redact is None:
        return None

    @guarded
    def redacted(value: str) -> str | None:
        return redact(value)

    return redacted

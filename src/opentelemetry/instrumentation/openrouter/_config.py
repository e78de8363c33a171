"""The options of `instrument()` and their environment variables, read once.

A wrong value logs one clear warning and falls back to the default; nothing here raises.
"""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature
from typing import Final, cast

from . import attributes as names
from ._content.parts import make_text_filter
from ._guard import guarded, logger
from ._telemetry.captured_content import Capture
from ._telemetry.dialects import DIALECTS, Dialect
from ._wire.base_urls import BaseUrls, without_secrets
from ._wire.broadcast import MODES

CLIENTS: Final = ("openai", "anthropic", "openrouter", "httpx", "requests", "aiohttp", "dspy")
"""The clients that can be instrumented."""

PREFIX: Final = "OTEL_INSTRUMENTATION_OPENROUTER_"
CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The one variable that all GenAI instrumentations share (opentelemetry-util-genai, environment_variables.py)."""

# Whether content is recorded on the span, and on the event. Older instrumentations accepted `true`.
_CAPTURE_MODES: Final = {
    "no_content": (False, False),
    "span_only": (True, False),
    "event_only": (False, True),
    "span_and_event": (True, True),
    "true": (True, True),
    "false": (False, False),
    "": (False, False),
}

_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False, "": False}
# What YAML may have in place of a string. Any other object, such as the URL of an HTTP library, is converted to one.
_NOT_STRINGS: Final = (type(None), bool, int, float, list, dict)
_MAX_LOGGED_HOSTS: Final = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's choices."""

    base_urls: BaseUrls
    capture: Capture | None
    """None where no content is captured."""
    content_max_length: int | None
    """The number of characters that are kept of each captured text; None for all."""
    redacts: bool
    """Whether the user's function receives each captured text."""
    baggage_keys: tuple[str, ...]
    """Baggage entries that become attributes of each call."""
    metric_attributes: tuple[str, ...]
    """Attributes of a request that its metrics carry too."""
    dialect: Dialect
    """Backend-specific attributes; empty by default."""
    dialects: tuple[str, ...]
    """The names of their backends."""
    broadcast: str
    """How spans are connected to OpenRouter's own: `off`, `link` or `join`."""
    settle: bool
    """Whether the cost of interrupted streams is fetched from OpenRouter."""
    budget: bool
    """Whether the remaining credit limit of each API key is fetched from OpenRouter."""
    clients: frozenset[str]
    """The clients that are instrumented if they are installed."""


def read_settings(  # noqa: PLR0913 - one argument an option
    default_dialects: Iterable[str] = (),
    /,
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
    clients: str | Iterable[str] | None = None,
    **unknown: object,
) -> Settings:
    """Resolve each option: the argument if it is given, else the environment variable, else the default.

    `OpenRouterInstrumentor.instrument` documents the options. Each of *unknown* is a misspelt one. *default_dialects*
    apply if the variable is not set at all: an empty one selects none.
    """
    _warn_of_unknown_names(unknown)
    max_length = _max_length(_argument_or_variable("content_max_length", content_max_length))
    capture = _capture(capture_content, max_length, redact)
    if unknown and capture is not None:
        logger.warning("content capture is disabled, because an option of instrument() is unknown.")
        capture = None
    backends = _dialects(_list("dialects", dialects, default_dialects))
    return Settings(
        base_urls=BaseUrls(filter(_is_absolute, _list("base_urls", base_urls)), _other_host_logger()),
        capture=capture,
        content_max_length=max_length,
        redacts=redact is not None,
        baggage_keys=(names.USER_ID, names.SESSION_ID, *_list("baggage_keys", baggage_keys)),
        metric_attributes=tuple(_list("metric_attributes", metric_attributes)),
        dialect={name: source for backend in backends for name, source in DIALECTS[backend].items()},
        dialects=backends,
        budget=_switch("budget", budget),
        settle=_switch("settle", settle),
        broadcast=_broadcast(_argument_or_variable("broadcast", broadcast)),
        clients=_clients(_list("clients", clients)),
    )


def option_names() -> list[str]:
    """Return the names of the options."""
    return [name for name, option in signature(read_settings).parameters.items() if option.default is None]


def variable_of(option: str) -> str | None:
    """Return the environment variable of an option, or None if it has none."""
    return {"redact": None, "capture_content": CAPTURE_VARIABLE}.get(option, PREFIX + option.upper())


def _warn_of_unknown_names(options: Iterable[str]) -> None:
    """Warn of options and of environment variables that do not exist; each with the most similar name."""
    known = option_names()
    for option in options:
        logger.warning("unknown option %r%s; the options are %s.", option, _hint(option, known), ", ".join(known))
    variables = [name for name in map(variable_of, known) if name is not None and name != CAPTURE_VARIABLE]
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in variables:
            hint = _hint(variable, variables)
            if "CAPTURE" in variable:
                hint = f", did you mean {CAPTURE_VARIABLE}?"
            logger.warning("unknown variable %s%s; the variables are %s.", variable, hint, ", ".join(variables))


def _hint(name: str, known: Sequence[str]) -> str:
    similar = get_close_matches(name, known, n=1)
    return f", did you mean {similar[0]}?" if similar else ""


def _argument_or_variable(option: str, value: object, default: object = "") -> object:
    return os.environ.get(PREFIX + option.upper(), default) if value is None else value


def _list(option: str, value: object, default: object = "") -> list[str]:
    value = _argument_or_variable(option, value, default)
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        # Only the type is logged: a base URL may contain credentials.
        name = type(cast("object", value)).__name__
        logger.warning("%s must be a list of strings, got %s; it is ignored.", option, name)
        return []
    entries = list(cast("Iterable[object]", value))
    wrong = [type(each).__name__ for each in entries if type(each) in _NOT_STRINGS]
    if wrong:
        logger.warning("%s must be a list of strings, got %s in it; each is ignored.", option, ", ".join(wrong))
    return [entry for each in entries if type(each) not in _NOT_STRINGS and (entry := str(each).strip())]


def _switch(option: str, value: object) -> bool:
    choice = str(_argument_or_variable(option, value)).strip().lower()
    if choice not in _SWITCHES:
        logger.warning("%s must be true or false, got %r; it stays off.", option, choice)
    return _SWITCHES.get(choice, False)


def _broadcast(value: object) -> str:
    if value is False:  # YAML reads `off` as false
        return MODES[0]
    mode = str(value).strip().lower() or MODES[0]
    if mode not in MODES:
        logger.warning("broadcast must be one of %s, got %r; it stays off.", ", ".join(MODES), value)
        return MODES[0]
    return mode


def _clients(names: list[str]) -> frozenset[str]:
    chosen = frozenset(name.lower() for name in names)
    unknown = sorted(chosen.difference(CLIENTS))
    if unknown:
        logger.warning("clients must be among %s, got %s; it is ignored.", ", ".join(CLIENTS), ", ".join(unknown))
    return chosen.intersection(CLIENTS) or frozenset(CLIENTS)


def _is_absolute(url: str) -> bool:
    try:
        BaseUrls([url])
    except ValueError:
        logger.warning("base_urls must be absolute URLs, got %r; it is ignored.", without_secrets(url))
        return False
    return True


def _other_host_logger() -> Callable[[str], None]:
    """Return a function that logs once for each host that the calls to it are not traced."""
    logged: set[str] = set()

    def log(host: str) -> None:
        if logger.isEnabledFor(logging.DEBUG) and host not in logged and len(logged) < _MAX_LOGGED_HOSTS:
            logged.add(host)
            logger.debug(
                "calls to %s are not instrumented; add its base URL to base_urls if it is your gateway to OpenRouter.",
                host,
            )

    return log


def _dialects(backends: list[str]) -> tuple[str, ...]:
    chosen = [backend.lower() for backend in backends]
    unknown = [backend for backend in chosen if backend not in DIALECTS]
    if unknown:
        logger.warning("dialects must be among %s, got %s; it is ignored.", ", ".join(DIALECTS), ", ".join(unknown))
    return tuple(dict.fromkeys(backend for backend in chosen if backend in DIALECTS))


def _capture(mode: object, max_length: int | None, redact: Callable[[str], str | None] | None) -> Capture | None:
    choice = str(os.environ.get(CAPTURE_VARIABLE, "") if mode is None else mode).strip().lower()
    if choice not in _CAPTURE_MODES:
        known = ", ".join(name for name in _CAPTURE_MODES if "_" in name)
        logger.warning("capture_content must be one of %s, got %r; content capture is disabled.", known, mode or choice)
    on_span, on_event = _CAPTURE_MODES.get(choice, (False, False))
    if not (on_span or on_event):
        return None
    if redact is not None and not callable(redact):
        # Content that was to be redacted must not leave the process.
        logger.warning("redact must be callable, got %r; content capture is disabled.", redact)
        return None
    return Capture(on_span, on_event, make_text_filter(max_length, _guarded_redact(redact)))


def _max_length(value: object) -> int | None:
    digits = str(value).strip()
    if not digits:
        return None
    if digits.isdecimal() and not isinstance(value, bool):
        return int(digits)
    logger.warning("content_max_length must be a non-negative integer, got %r; content is not truncated.", value)
    return None


def _guarded_redact(redact: Callable[[str], str | None] | None) -> Callable[[str], str | None] | None:
    """Return the user's function; if it raises, the text is not recorded."""
    if redact is None:
        return None

    @guarded
    def redacted(value: str) -> str | None:
        return redact(value)

    return redacted

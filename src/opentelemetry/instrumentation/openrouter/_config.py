"""The options of `instrument()` and their environment variables, read once.

A wrong value logs one clear warning and falls back to the default; nothing here raises.
"""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Final, cast

from . import attributes as names
from ._content.parts import make_text_filter
from ._guard import guarded, logger
from ._mistakes import UnknownName, WrongValue, most_similar
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

_NO_CONTENT: Final = "content capture is disabled"
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
        logger.warning("%s", UnknownName("option", option, known, most_similar(option, known)))
    variables = [name for name in map(variable_of, known) if name is not None and name != CAPTURE_VARIABLE]
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in variables:
            similar = CAPTURE_VARIABLE if "CAPTURE" in variable else most_similar(variable, variables)
            logger.warning("%s", UnknownName("variable", variable, variables, similar))


def _argument_or_variable(option: str, value: object, default: object = "") -> object:
    return os.environ.get(PREFIX + option.upper(), default) if value is None else value


def _list(option: str, value: object, default: object = "") -> list[str]:
    value = _argument_or_variable(option, value, default)
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        # Only the type is logged: a base URL may contain credentials.
        type_ = type(cast("object", value))
        logger.warning("%s", WrongValue(option, "be a list of strings", (type_,), "it is ignored"))
        return []
    entries = list(cast("Iterable[object]", value))
    wrong = tuple(type(each) for each in entries if type(each) in _NOT_STRINGS)
    if wrong:
        logger.warning("%s", WrongValue(option, "be a list of strings", wrong, "the other entries are used"))
    return [entry for each in entries if type(each) not in _NOT_STRINGS and (entry := str(each).strip())]


def _switch(option: str, value: object) -> bool:
    choice = str(_argument_or_variable(option, value)).strip().lower()
    if choice not in _SWITCHES:
        logger.warning("%s", WrongValue(option, "be true or false", (choice,), "it stays off"))
    return _SWITCHES.get(choice, False)


def _broadcast(value: object) -> str:
    if value is False:  # YAML reads `off` as false
        return MODES[0]
    mode = str(value).strip().lower() or MODES[0]
    if mode not in MODES:
        logger.warning("%s", WrongValue("broadcast", "be one of", (value,), "it stays off", MODES))
        return MODES[0]
    return mode


def _clients(names: list[str]) -> frozenset[str]:
    chosen = frozenset(name.lower() for name in names)
    unknown = tuple(sorted(chosen.difference(CLIENTS)))
    if unknown:
        logger.warning("%s", WrongValue("clients", "be among", unknown, "it is ignored", CLIENTS))
    return chosen.intersection(CLIENTS) or frozenset(CLIENTS)


def _is_absolute(url: str) -> bool:
    try:
        BaseUrls([url])
    except ValueError:
        logger.warning("%s", WrongValue("base_urls", "be absolute URLs", (without_secrets(url),), "it is ignored"))
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
    unknown = tuple(backend for backend in chosen if backend not in DIALECTS)
    if unknown:
        logger.warning("%s", WrongValue("dialects", "be among", unknown, "it is ignored", tuple(DIALECTS)))
    return tuple(dict.fromkeys(backend for backend in chosen if backend in DIALECTS))


def _capture(mode: object, max_length: int | None, redact: Callable[[str], str | None] | None) -> Capture | None:
    choice = str(os.environ.get(CAPTURE_VARIABLE, "") if mode is None else mode).strip().lower()
    if choice not in _CAPTURE_MODES:
        known = tuple(name for name in _CAPTURE_MODES if "_" in name)
        logger.warning("%s", WrongValue("capture_content", "be one of", (mode or choice,), _NO_CONTENT, known))
    on_span, on_event = _CAPTURE_MODES.get(choice, (False, False))
    if not (on_span or on_event):
        return None
    if redact is not None and not callable(redact):
        # Content that was to be redacted must not leave the process.
        logger.warning("%s", WrongValue("redact", "be callable", (redact,), _NO_CONTENT))
        return None
    return Capture(on_span, on_event, make_text_filter(max_length, _guarded_redact(redact)))


def _max_length(value: object) -> int | None:
    digits = str(value).strip()
    if not digits:
        return None
    if digits.isdecimal() and not isinstance(value, bool):
        return int(digits)
    logger.warning(
        "%s", WrongValue("content_max_length", "be a non-negative integer", (value,), "content is not truncated")
    )
    return None


def _guarded_redact(redact: Callable[[str], str | None] | None) -> Callable[[str], str | None] | None:
    """Return the user's function; if it raises, the text is not recorded."""
    if redact is None:
        return None

    @guarded
    def redacted(value: str) -> str | None:
        return redact(value)

    return redacted

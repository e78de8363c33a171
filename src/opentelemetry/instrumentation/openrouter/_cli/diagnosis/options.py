"""Each option with its value and its origin; wrong values, and variables that do not exist."""

import logging
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, cast

from ..._config import PREFIX, Settings, option_names, read_settings, variable_of
from ..._guard import logger
from ..._mistakes import UnknownName, WrongValue, most_similar
from ..._wire.base_urls import server_attributes, without_secrets
from ..extra import is_installed
from .configuration_file import VARIABLE, ConfigurationFile
from .findings import Cause, Finding, Findings, note, ok, problem, warning
from .secrets import shown_name

_VARIABLES_OF: Final = (
    "opentelemetry.environment_variables",
    "opentelemetry.sdk.environment_variables",
    "opentelemetry.instrumentation.environment_variables",
)
"""Modules whose constants are the names of OpenTelemetry's variables."""
_SIMILARITY: Final = 0.93
"""High, because other instrumentations have variables that are not in these modules."""


@dataclass(frozen=True)
class Options:
    """The options that apply, and what was wrong with them."""

    settings: Settings
    origins: Mapping[str, str]
    """option -> where its value comes from."""
    given: Mapping[str, Any]
    """option -> the value of the file."""
    mistakes: tuple[Finding, ...]


def read_options(file: ConfigurationFile | None) -> Options:
    """Read the options as `instrument()` does, without its log lines."""
    given = dict(file.options or {}) if file is not None else {}
    with silenced() as records:
        settings = read_settings(**given)
    return Options(settings, dict(_origins(given)), given, tuple(map(_mistake, records)))


@contextmanager
def silenced() -> Generator[list[logging.LogRecord], None, None]:
    """Collect the log records of this package in place of their output, because they may contain values."""
    receiver = _Receiver()
    logger.addFilter(receiver)
    try:
        yield receiver.records
    finally:
        logger.removeFilter(receiver)


class _Receiver(logging.Filter):
    """Keeps the records, so that no handler prints them with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def filter(self, record: logging.LogRecord) -> bool:
        self.records.append(record)
        return False


def _mistake(record: logging.LogRecord) -> Finding:
    """Return a warning of `read_settings` as a problem, without a value that may be a secret."""
    (mistake,) = record.args if isinstance(record.args, tuple) and record.args else (None,)
    if isinstance(mistake, WrongValue):
        shown = ", ".join(shown_name(value, mistake.known) for value in mistake.values)
        return problem(Cause.WRONG_VALUE, f"{mistake.rule}, got {shown}, so {mistake.consequence}: correct it.")
    if isinstance(mistake, UnknownName):
        cure = f"did you mean {mistake.similar}?" if mistake.similar else "remove it."
        return problem(Cause.UNKNOWN_NAME, f"There is no {mistake.kind} {mistake.name}, so it is ignored: {cure}")
    return problem(Cause.UNKNOWN_NAME, record.getMessage())


def _origins(given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for option in option_names():
        variable = variable_of(option)
        if option in given:
            yield option, f"file of {VARIABLE}"
        elif variable is not None and variable in os.environ:
            yield option, variable
        else:
            yield option, "default"


def check_options(options: Options, file: ConfigurationFile | None) -> Findings:
    """Check the values, then the names of the variables."""
    if file is not None and file.error is not None:
        yield problem(Cause.CONFIGURATION_FILE, file.error)
    elif file is not None and file.options is None:
        yield note(f"the file of {VARIABLE} has no section instrumentation/development, python, openrouter")
    for option, origin in options.origins.items():
        if option != "redact":
            line = f"{option} = {_value(option, options)} ({origin})"
            yield note(line) if origin == "default" else ok(line)
    yield note("redact cannot be set here: it is an argument of instrument()")
    yield from options.mistakes
    yield from _similar_variables()


def _value(option: str, options: Options) -> str:
    settings = options.settings
    if option == "base_urls":
        return ", ".join(without_secrets(url) for url in base_url_entries(options)) or "none"
    if option == "capture_content":
        capture = settings.capture
        places = [] if capture is None else [("span", capture.on_span), ("event", capture.on_event)]
        return " and ".join(f"on the {place}" for place, is_used in places if is_used) or "no_content"
    value = getattr(settings, option)
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(sorted(cast("Iterable[str]", value))) or "none"
    return "unlimited" if value is None else str(value).lower()


def base_url_entries(options: Options) -> list[str]:
    """Return the entries of `base_urls` that are URLs, as they are written."""
    value = options.given.get("base_urls", os.environ.get(f"{PREFIX}BASE_URLS", ""))
    if isinstance(value, str):
        value = value.split(",")
    entries = cast("Iterable[object]", value) if isinstance(value, list) else ()
    return [str(entry).strip() for entry in entries if server_attributes(str(entry)) is not None]


def _similar_variables() -> Findings:
    """Find variables that are almost those of OpenTelemetry, or of this package with another prefix."""
    own = [name for name in map(variable_of, option_names()) if name is not None]
    known = {*own, *_constants()}
    for variable in sorted(os.environ):
        if not variable.startswith(("OTEL_", "OPENROUTER_")) or variable in known or variable.startswith(PREFIX):
            continue
        similar = most_similar(variable, known, _SIMILARITY)
        suffix = [name for name in own if name.removeprefix(PREFIX) == variable.removeprefix("OPENROUTER_")]
        if similar or suffix:
            name = similar or suffix[0]
            yield warning(Cause.SIMILAR_VARIABLE, f"{variable} is no variable of OpenTelemetry: did you mean {name}?")


def _constants() -> Iterable[str]:
    for module in _VARIABLES_OF:
        if is_installed(module):
            yield from (value for name, value in vars(import_module(module)).items() if "OTEL_" in name)

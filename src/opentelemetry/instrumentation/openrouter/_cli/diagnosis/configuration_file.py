"""The file of `OTEL_CONFIG_FILE`, if the installed OpenTelemetry reads it: options and exporters."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, cast

from ..extra import is_installed

VARIABLE: Final = "OTEL_CONFIG_FILE"
_READER: Final = "opentelemetry.configuration"


@dataclass(frozen=True)
class ConfigurationFile:
    """What is read of the file."""

    error: str | None = None
    """One sentence, if the file has no effect."""
    options: Mapping[str, Any] | None = None
    """The options of this instrumentation that have a value; None if the file does not name it."""
    exporters: tuple[tuple[str, str | None], ...] = field(default=())
    """The name and the endpoint of each span exporter."""
    has_logs: bool = False
    """Whether the file has a logger provider."""


def read_file() -> ConfigurationFile | None:
    """Return what the file has; None if the environment names no file."""
    path = os.environ.get(VARIABLE)
    if not path:
        return None
    if not is_installed(_READER):
        return ConfigurationFile(
            f"The file of {VARIABLE} has no effect on the options, because opentelemetry-configuration is not "
            "installed: pip install 'opentelemetry-sdk[file-configuration]' (OpenTelemetry SDK 1.44 and newer)."
        )
    try:
        # The package is experimental, so nothing of it is imported by name.
        model: Any = import_module(_READER).load_config_file(path)
        section = model.instrumentation_development
        instrumentations: dict[str, Any] = (section and section.python) or {}
        named = instrumentations.get("openrouter")
        return ConfigurationFile(
            options=None if named is None else {name: value for name, value in named.items() if value is not None},
            exporters=tuple(_exporters(model.tracer_provider)),
            has_logs=bool(model.logger_provider and model.logger_provider.processors),
        )
    except Exception as error:
        # The text of the error may contain a value of the file.
        return ConfigurationFile(
            f"OpenTelemetry cannot read the file of {VARIABLE} ({type(error).__name__}), so nothing is configured: "
            "check its path and its contents."
        )


def _exporters(provider: Any) -> Iterator[tuple[str, str | None]]:
    processors: list[Any] = [] if provider is None else provider.processors
    for processor in processors:
        for kind in cast("dict[str, Any]", vars(processor)).values():
            exporters = dict(cast("dict[str, Any]", vars(kind.exporter) if hasattr(kind, "exporter") else {}))
            # Those that the schema does not name are in a dictionary.
            exporters |= exporters.pop("additional_properties", {})
            for name, exporter in exporters.items():
                if exporter is not None:
                    yield name, getattr(exporter, "endpoint", None)

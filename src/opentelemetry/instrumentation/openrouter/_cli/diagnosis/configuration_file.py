"""The file of `OTEL_CONFIG_FILE`, if the installed OpenTelemetry reads it: options, exporters and the sampler."""

import os
from collections.abc import Iterable, Iterator, Mapping
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
    is_disabled: bool = False
    """Whether the file disables the SDK."""
    sampler: tuple[str, float | None] | None = None
    """The name of the sampler and the share of the traces that it keeps, None if that is unknown; None by default."""


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
            is_disabled=bool(model.disabled),
            sampler=_sampler(model.tracer_provider and model.tracer_provider.sampler),
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
            for name, exporter in _entries(kind.exporter) if hasattr(kind, "exporter") else ():
                if exporter is not None:
                    yield name, getattr(exporter, "endpoint", None)


def _entries(node: Any) -> Iterable[tuple[str, Any]]:
    """Return the entries of a node of the file; those that the schema does not name are in a dictionary."""
    entries = dict(cast("dict[str, Any]", vars(node)))
    entries |= entries.pop("additional_properties", {})
    return entries.items()


def _sampler(sampler: Any) -> tuple[str, float | None] | None:
    """Read a sampler, as opentelemetry/configuration/_tracer_provider.py creates it (`_create_sampler`)."""
    if sampler is None:
        return None
    if sampler.always_on is not None:
        return "always_on", 1.0
    if sampler.always_off is not None:
        return "always_off", 0.0
    if sampler.trace_id_ratio_based is not None:
        ratio = sampler.trace_id_ratio_based.ratio
        return "trace_id_ratio_based", 1.0 if ratio is None else float(ratio)
    if sampler.parent_based is not None:
        root = _sampler(sampler.parent_based.root)
        return "parent_based", 1.0 if root is None else root[1]
    # Experimental, or of another package.
    names = (name for name, value in _entries(sampler) if value is not None)
    return next(names), None

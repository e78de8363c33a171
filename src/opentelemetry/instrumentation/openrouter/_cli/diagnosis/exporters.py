"""Which exporters `opentelemetry-instrument` sets up, and to which address each sends.

The rules are those of `opentelemetry/sdk/_configuration/__init__.py`: one exporter that is not installed ends the
set-up of all, so that nothing is instrumented.
"""

import os
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final

from .configuration_file import VARIABLE, ConfigurationFile
from .findings import Cause, Finding, Findings, note, ok, problem
from .secrets import host_of, shown_name

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
_OTLP: Final = "otlp"
_BY_PROTOCOL: Final = {GRPC: "otlp_proto_grpc", HTTP: "otlp_proto_http"}
_OF_FILE: Final = {"otlp_http": HTTP, "otlp_grpc": GRPC}
_DEFAULT_URLS: Final = {GRPC: "http://localhost:4317", HTTP: "http://localhost:4318"}
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
SIGNALS: Final = ("traces", "metrics", "logs")


@dataclass(frozen=True)
class Destination:
    """Where one signal goes over OTLP."""

    signal: str
    protocol: str
    url: str

    is_default: bool = False
    """Whether no variable and no file has the address."""

    @property
    def host(self) -> str:
        """The host and the port; never a user, a path or a query."""
        return host_of(self.url)


def destinations(file: ConfigurationFile | None) -> list[Destination]:
    """Return where telemetry goes over OTLP; of a file, the spans only."""
    if file is not None:
        return [
            Destination("traces", _OF_FILE[name], url or _url("traces", _OF_FILE[name]))
            for name, url in file.exporters
            if name in _OF_FILE
        ]
    found: list[Destination] = []
    for signal in SIGNALS:
        for name in _names(signal):
            protocol = next((key for key, value in _BY_PROTOCOL.items() if value == _entry_point(name, signal)), None)
            if protocol is not None:
                found.append(Destination(signal, protocol, _url(signal, protocol), is_default=_is_default(signal)))
    return found


def has_exporter(signal: str, file: ConfigurationFile | None) -> bool:
    """Whether *signal* is exported."""
    return bool(_names(signal)) if file is None else file.has_logs if signal == "logs" else bool(file.exporters)


def check_exporters(file: ConfigurationFile | None) -> Findings:
    """Check that spans have an exporter, and that each exporter is installed."""
    if not has_exporter("traces", file):
        cause = f"the file of {VARIABLE} has no span exporter" if file else "OTEL_TRACES_EXPORTER is none or empty"
        yield problem(
            Cause.NO_EXPORTER,
            f"No span is exported, because {cause}: select an exporter, such as otlp, console or openrouter_table.",
        )
    if file is not None:
        yield from (ok(f"the file of {VARIABLE} exports spans by {name}") for name, _ in file.exporters)
        return
    for signal in SIGNALS:
        names = _names(signal)
        if not names and signal != "traces":
            yield note(f"{signal} are not exported")
        for name in names:
            yield _installed(signal, name)


def _names(signal: str) -> list[str]:
    """Return the exporters of the variable; `opentelemetry-distro` has a default."""
    names = os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", _OTLP).strip()
    return [] if names.lower() in ("", "none") else [name.strip() for name in names.split(",")]


def _protocol(signal: str) -> str:
    prefix = "OTEL_EXPORTER_OTLP_"
    return (os.environ.get(f"{prefix}{signal.upper()}_PROTOCOL") or os.environ.get(f"{prefix}PROTOCOL") or GRPC).strip()


def _entry_point(name: str, signal: str) -> str | None:
    """Return the entry point of an exporter; None for `otlp` with a protocol that Python does not have."""
    return _BY_PROTOCOL.get(_protocol(signal)) if name == _OTLP else name


def _installed(signal: str, name: str) -> Finding:
    group = f"opentelemetry_{signal}_exporter"
    installed = {entry.name for entry in entry_points(group=group)}
    wanted, variable = _entry_point(name, signal), f"OTEL_{signal.upper()}_EXPORTER"
    if wanted is None:
        return problem(
            Cause.PROTOCOL,
            f"The OTLP protocol of {signal} is {shown_name(_protocol(signal), _BY_PROTOCOL)}, so "
            f"opentelemetry-instrument sets nothing up: set OTEL_EXPORTER_OTLP_PROTOCOL to {GRPC} or {HTTP}.",
        )
    if wanted in installed:
        return ok(f"{signal} are exported by {wanted}")
    if wanted not in _BY_PROTOCOL.values():
        return problem(
            Cause.EXPORTER_NOT_INSTALLED,
            f"{variable} is {shown_name(wanted, installed | {_OTLP})}, which is not installed, so "
            "opentelemetry-instrument sets nothing up: install its package, or select another one.",
        )
    package = f"opentelemetry-exporter-{wanted.replace('_', '-')}"
    other = next((key for key, value in _BY_PROTOCOL.items() if value != wanted and value in installed), None)
    alternative = "" if other is None else f", or set OTEL_EXPORTER_OTLP_PROTOCOL={other}"
    return problem(
        Cause.EXPORTER_NOT_INSTALLED,
        f"The exporter {wanted} of {signal} is not installed, so opentelemetry-instrument sets nothing up: "
        f"pip install {package}{alternative}",
    )


def _is_default(signal: str) -> bool:
    return not (os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT") or os.environ.get(_ENDPOINT))


def _url(signal: str, protocol: str) -> str:
    own = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    if own:
        return own
    base = os.environ.get(_ENDPOINT) or _DEFAULT_URLS[protocol]
    return base if protocol == GRPC else f"{base.removesuffix('/')}/v1/{signal}"

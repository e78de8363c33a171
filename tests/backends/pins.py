"""The releases of the servers, and of the packages that are installed together with this project to export to them.

Each name has its own environment, `.venv-backends/<name>`.
"""

from collections.abc import Mapping
from typing import Final

_REGISTER: Final = (
    "arize-phoenix-otel == 0.17.2",
    "arize-otel == 0.14.1",
    "openai == 3.52.0",
    "opentelemetry-sdk == 1.45.2",
    "opentelemetry-distro == 0.66b2",
)
PINS: Final[Mapping[str, tuple[str, ...]]] = {
    "phoenix": ("arize-phoenix == 20.26.1",),
    # Not 3.18.0: it requires a release of `mlflow-skinny` that does not exist yet.
    "mlflow": ("mlflow == 3.17.2",),
    "datadog": ("ddapm-test-agent == 1.69.1",),
    "prometheus": (
        "openai == 3.52.0",
        "opentelemetry-sdk == 1.45.2",
        "opentelemetry-exporter-prometheus == 0.66b2",
        "opentelemetry-exporter-otlp-proto-http == 1.45.2",
    ),
    "register": _REGISTER,
    "register-openinference": (*_REGISTER, "openinference-instrumentation-openai == 0.1.66"),
    "ddtrace": ("ddtrace == 4.16.0", "openai == 3.52.0", "opentelemetry-sdk == 1.45.2"),
}


def version(name: str) -> str:
    """Return the release of the first requirement of an environment."""
    return PINS[name][0].partition(" == ")[2]

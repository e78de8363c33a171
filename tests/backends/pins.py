"""The releases of the servers that are run, and of what is installed beside our own package to reach them.

Each name is an environment of its own, `.venv-backends/<name>`.
"""

from collections.abc import Mapping
from typing import Final

PINS: Final[Mapping[str, tuple[str, ...]]] = {
    "phoenix": ("arize-phoenix == 20.26.1",),
    # Not 3.18.0: of `mlflow-skinny`, which it needs, there is no such release yet.
    "mlflow": ("mlflow == 3.17.2",),
    "datadog": ("ddapm-test-agent == 1.69.1",),
    "prometheus": ("openai == 3.52.0", "opentelemetry-sdk == 1.45.2", "opentelemetry-exporter-prometheus == 0.66b2"),
    "ddtrace": ("ddtrace == 4.16.0", "openai == 3.52.0", "opentelemetry-sdk == 1.45.2"),
}


def version(name: str) -> str:
    """The release of the first that an environment is made for."""
    return PINS[name][0].partition(" == ")[2]

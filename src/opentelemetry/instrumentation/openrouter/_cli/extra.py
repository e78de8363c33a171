"""The packages of the extra `cli`: which of them are missing, and how to install them."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

PACKAGE: Final = "opentelemetry.instrumentation.openrouter"
REQUIRED: Final = ("rich.table", "opentelemetry.sdk.trace")
REQUIRED_FOR_OTLP: Final = ("opentelemetry.exporter.otlp.proto.http.trace_exporter",)


def missing_extra(modules: Sequence[str] = REQUIRED) -> str | None:
    """Return one line that names the command to install what is missing, or None if all modules can be found."""
    missing = [module for module in modules if not _is_installed(module)]
    if not missing:
        return None
    return (
        f"The command line of {PACKAGE} needs more packages (no module {', '.join(missing)}). "
        "Install them: pip install 'opentelemetry-instrumentation-openrouter[cli]'"
    )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:  # of a package above it
        return False

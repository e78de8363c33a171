"""The packages of the extra `cli`: which of them are missing, and how to install them."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

PACKAGE: Final = "opentelemetry.instrumentation.openrouter"
DISTRIBUTION: Final = "opentelemetry-instrumentation-openrouter"
REQUIRED: Final = ("rich.table", "opentelemetry.sdk.trace")
REQUIRED_FOR_OTLP: Final = ("opentelemetry.exporter.otlp.proto.http.trace_exporter",)


def missing_extra(modules: Sequence[str] = REQUIRED) -> str | None:
    """Return one line that names the command to install what is missing, or None if all modules can be found."""
    missing = [module for module in modules if not is_installed(module)]
    if not missing:
        return None
    return (
        f"The command line of {PACKAGE} needs more packages (no module {', '.join(missing)}). "
        f"Install them: pip install '{DISTRIBUTION}[cli]'"
    )


def is_installed(module: str) -> bool:
    """Return whether *module* can be found; a package above it is imported for it."""
    try:
        return find_spec(module) is not None
    except ImportError:  # of a package above it
        return False

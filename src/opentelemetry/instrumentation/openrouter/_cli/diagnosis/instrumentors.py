"""Other instrumentations that are installed, and what is documented of each: docs/other-instrumentations.md."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Final

from ..extra import DISTRIBUTION
from .findings import Cause, Findings, note, ok, warning

GROUPS: Final = ("opentelemetry_instrumentor", "openinference_instrumentor")
LITELLM: Final = "opentelemetry-instrumentation-litellm"


@dataclass(frozen=True)
class Family:
    """Instrumentations of one origin."""

    name: str
    packages: tuple[str, ...]
    """Names of distributions; one that ends with `-` is a prefix."""
    meaning: str


# The first that matches.
FAMILIES: Final = (
    Family(
        "official",
        ("opentelemetry-instrumentation-genai-", "opentelemetry-instrumentation-openai-v2"),
        "a call is one span of both; its event has the content",
    ),
    Family(
        "OpenInference",
        ("openinference-instrumentation-",),
        "a call is one span of both, with messages unless OPENINFERENCE_HIDE_INPUTS and OPENINFERENCE_HIDE_OUTPUTS "
        "are true",
    ),
    Family(
        "HTTP",
        tuple(f"opentelemetry-instrumentation-{name}" for name in ("httpx", "httpx2", "requests", "aiohttp-client")),
        "its span of the request is kept, beside that of the call",
    ),
    Family("Logfire", ("logfire",), "a plain call is one span of both; a stream has a span of its own, with the cost"),
    Family(
        "OpenLLMetry",
        (
            LITELLM,
            *(f"opentelemetry-instrumentation-{name}" for name in ("openai", "anthropic", "langchain", "llamaindex")),
        ),
        "a call is one span of both, with the exceptions in docs/other-instrumentations.md",
    ),
)


def check_instrumentors() -> Findings:
    """Check the packages of both groups of entry points, and Logfire, which is in neither."""
    packages = dict(_installed())
    others = [name for name in packages if family_of(name) is None]
    for package, disabled_name in packages.items():
        family = family_of(package)
        if family is None:
            continue
        if disabled_name in disabled_names():
            yield note(f"{package} ({family.name}) is disabled by OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")
            continue
        if package == LITELLM:
            yield warning(
                Cause.OTHER_HIDES_COST,
                f"{LITELLM} suppresses other instrumentations during a call of LiteLLM, so its cost is not recorded: "
                "uninstall it, or disable it with OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=litellm.",
            )
        else:
            yield ok(f"{package} ({family.name}): {family.meaning}")
    if others:
        yield note(f"also installed: {', '.join(sorted(others))}")
    if not packages:
        yield note("none is installed")


def _installed() -> Iterator[tuple[str, str]]:
    """Yield each distribution with instrumentors, and the name of one of them."""
    for group in GROUPS:
        for entry in entry_points(group=group):
            if entry.dist is not None and entry.dist.name != DISTRIBUTION:
                yield entry.dist.name, entry.name
    try:
        version("logfire")
    except PackageNotFoundError:
        return
    yield "logfire", "logfire"


def family_of(package: str) -> Family | None:
    """Return the family of a distribution, or None if it traces something else."""
    for family in FAMILIES:
        if any(package.startswith(name) if name.endswith("-") else package == name for name in family.packages):
            return family
    return None


def disabled_names() -> list[str]:
    """Return the names of the variable that disables instrumentations."""
    return [name.strip() for name in os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")]

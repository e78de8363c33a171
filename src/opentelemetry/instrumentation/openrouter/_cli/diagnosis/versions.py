"""Python, OpenTelemetry and the other packages that this package requires, with the ranges of its own metadata."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from opentelemetry.instrumentation.dependencies import get_dependency_conflicts

from ...version import __version__
from ..extra import DISTRIBUTION, PACKAGE, is_installed
from .findings import Cause, Findings, note, ok, problem

SDK: Final = "opentelemetry-sdk"
_EXTRA: Final = re.compile(r"""extra == ['"]([\w-]+)['"]""")


def check_versions() -> Findings:
    """Check each requirement, and those of the extra `cli` that are installed."""
    yield ok(f"Python {'.'.join(map(str, sys.version_info[:3]))}")
    yield ok(f"{DISTRIBUTION} {__version__}")
    try:
        requirements = list(_requirements())
    except PackageNotFoundError:
        yield problem(
            Cause.NO_ENTRY_POINT,
            f"{PACKAGE} has no package metadata, so opentelemetry-instrument does not find it: "
            f"install it with pip, or call OpenRouterInstrumentor().instrument() in the program.",
        )
        return
    for requirement, extra in requirements:
        yield from _check(requirement, extra)


def _requirements() -> Iterator[tuple[str, str | None]]:
    """Yield each requirement as `name range`, and the extra that it belongs to."""
    for line in requires(DISTRIBUTION) or ():
        requirement, _, marker = line.partition(";")
        extra = _EXTRA.search(marker)
        if extra is None or extra[1] == "cli":
            yield requirement.strip(), None if extra is None else extra[1]


def _check(requirement: str, extra: str | None) -> Findings:
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    conflict = get_dependency_conflicts([requirement])
    if conflict is None:
        yield ok(f"{name} {version(name)}")
    elif conflict.found:
        yield problem(
            Cause.VERSION,
            f"{conflict.found} is installed, but {requirement} is required: pip install --upgrade '{requirement}'",
        )
    elif name == SDK and not has_sdk():
        yield problem(
            Cause.NO_SDK,
            f"{SDK} is not installed, so no span is recorded: pip install '{DISTRIBUTION}[cli]'",
        )
    else:
        yield note(f"{name} is not installed" + ("" if extra is None else f" (extra {extra})"))


def has_sdk() -> bool:
    """Whether spans can be recorded at all."""
    return is_installed("opentelemetry.sdk.trace")

"""The clients: installed or not, in the range that is instrumented or not, and selected or not."""

import sys
from importlib.metadata import version

from opentelemetry.instrumentation.dependencies import get_dependency_conflicts

from ... import OpenRouterInstrumentor
from ..._clients import INSTRUMENTATIONS
from ..._clients.base import ClientInstrumentation
from ..._clients.http_library import HTTPLibrary
from ..._config import Settings, variable_of
from .findings import Cause, Finding, Findings, note, ok, problem, warning


def check_clients(settings: Settings) -> Findings:
    """Check each client; one at least must be instrumented."""
    found = 0
    for name, group in INSTRUMENTATIONS.items():
        for instrumentation in group:
            conflict = get_dependency_conflicts([instrumentation.requirement])
            package = instrumentation.requirement.partition(" ")[0]
            if conflict is not None:
                yield (
                    _out_of_range(instrumentation, conflict.found)
                    if conflict.found
                    else note(f"{package} is not installed")
                )
            elif name not in settings.clients:
                yield note(f"{package} {version(package)} is not in the option clients, so it is not patched")
            else:
                found += 1
                yield ok(f"{package} {version(package)} {_state(instrumentation)}")
    if not found:
        yield problem(
            Cause.NO_CLIENT,
            "No client is instrumented: install one into this Python, such as openai, or add an installed one to the "
            f"option clients ({variable_of('clients')}).",
        )


def _out_of_range(instrumentation: type[ClientInstrumentation], found: str) -> Finding:
    requirement = instrumentation.requirement
    name, _, bounds = requirement.partition(" ")
    lower = [bound.strip() for bound in bounds.split(",") if ">" in bound]
    too_old = bool(lower) and get_dependency_conflicts([f"{name} {lower[0]}"]) is not None
    text = (
        f"{found} is too {'old' if too_old else 'new'}, so it is not patched: install a version in the range "
        f"'{requirement}'"
    )
    if issubclass(instrumentation, HTTPLibrary):  # perhaps nothing uses it for OpenRouter
        return warning(Cause.CLIENT_VERSION, f"{text}.")
    return problem(Cause.CLIENT_VERSION, f"{text}; until then its calls are traced only at its HTTP library.")


def _state(instrumentation: type[ClientInstrumentation]) -> str:
    is_enabled = OpenRouterInstrumentor().is_instrumented_by_opentelemetry
    return "is patched" if is_enabled and instrumentation.module in sys.modules else "is patched when it is imported"

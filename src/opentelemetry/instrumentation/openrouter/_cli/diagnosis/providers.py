"""What drops all spans, or some: no provider, a disabled SDK, a sampler."""

import os
from importlib.metadata import entry_points
from typing import Final

from ..extra import DISTRIBUTION
from .configuration_file import ConfigurationFile
from .findings import Cause, Finding, Findings, note, ok, problem, warning
from .secrets import shown_name
from .versions import has_sdk

_OFF: Final = "always_off"
_RATIO: Final = "traceidratio"
_PARENT: Final = "parentbased_"
_SMALL: Final = 0.1
"""Below this share of traces, a person who makes a few calls sees no span."""
SAMPLERS: Final = tuple(prefix + name for prefix in ("", _PARENT) for name in ("always_on", _OFF, _RATIO))
"""The samplers of the SDK: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/."""


def check_sdk(file: ConfigurationFile | None) -> Findings:
    """Check what applies to each provider of the SDK, also to one that a program creates."""
    if not has_sdk():
        yield problem(
            Cause.NO_PROVIDER,
            "No tracer provider can be set up, because opentelemetry-sdk is not installed, so no span is recorded: "
            f"pip install '{DISTRIBUTION}[cli]'",
        )
        return
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield problem(
            Cause.SDK_DISABLED, "OTEL_SDK_DISABLED=true disables the SDK, so no span is recorded: remove the variable."
        )
    if file is None:
        yield _sampler(os.environ.get("OTEL_TRACES_SAMPLER", "").strip().lower())


def _sampler(sampler: str) -> Finding:
    if not sampler:
        return ok("each trace is sampled (default)")
    share = _share(sampler) if sampler in SAMPLERS else None
    if share is None:
        return _unknown_sampler(sampler)
    percentage = f"{share:.4%}".rstrip("0%").rstrip(".")
    kept = f"OTEL_TRACES_SAMPLER={sampler} keeps {percentage} % of the traces"
    if share >= _SMALL:
        return ok(kept)
    cure = "set OTEL_TRACES_SAMPLER=always_on to test."
    if sampler.startswith(_PARENT):
        return warning(Cause.SAMPLED_OUT, f"{kept}, and those of a sampled parent, so most calls have no span: {cure}")
    if share:
        return warning(Cause.SAMPLED_OUT, f"{kept}, so most calls have no span: {cure}")
    return problem(Cause.SAMPLED_OUT, f"{kept}, so no span is recorded: {cure}")


def _unknown_sampler(sampler: str) -> Finding:
    if sampler in SAMPLERS:
        return problem(Cause.WRONG_VALUE, "OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1: correct it.")
    text = f"OTEL_TRACES_SAMPLER is {shown_name(sampler, SAMPLERS)}"
    if entry_points(group="opentelemetry_traces_sampler", name=sampler):
        return note(f"{text}: the doctor cannot know what it drops")
    return problem(Cause.WRONG_VALUE, f"{text}, which is no sampler, so each trace is sampled: correct it.")


def _share(sampler: str) -> float | None:
    if not sampler.endswith(_RATIO):
        return 0.0 if sampler.endswith(_OFF) else 1.0
    try:
        share = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", "1") or "1")
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def check_distribution() -> Findings:
    """Check what creates the provider under `opentelemetry-instrument`."""
    configurators = [entry.name for entry in entry_points(group="opentelemetry_configurator")]
    selected = os.environ.get("OTEL_PYTHON_CONFIGURATOR")
    if not configurators:
        yield problem(
            Cause.NO_DISTRIBUTION,
            "opentelemetry-instrument sets no tracer provider, because no distribution is installed: "
            "pip install opentelemetry-distro",
        )
    elif selected is not None and selected not in configurators:
        yield problem(
            Cause.NO_DISTRIBUTION,
            f"opentelemetry-instrument sets no tracer provider, because OTEL_PYTHON_CONFIGURATOR is "
            f"{shown_name(selected, configurators)}: remove the variable.",
        )
    else:
        yield ok(f"opentelemetry-instrument sets a tracer provider (configurator {selected or configurators[0]})")
    distributions = [entry.name for entry in entry_points(group="opentelemetry_distro") if entry.name != "distro"]
    if distributions and "OTEL_TRACES_EXPORTER" not in os.environ:
        yield note(f"the distribution {distributions[0]} may have another default exporter than otlp")

"""What drops all spans, or some: no provider, a disabled SDK, a sampler."""

import os
from importlib.metadata import entry_points

from ..extra import DISTRIBUTION
from .configuration_file import VARIABLE, ConfigurationFile
from .findings import Cause, Findings, note, ok, problem
from .samplers import check_sampler
from .secrets import shown_name
from .versions import has_sdk


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
    if file is not None and file.is_disabled:
        yield problem(
            Cause.SDK_DISABLED,
            f"The file of {VARIABLE} has disabled: true, so the SDK is not set up and no span is recorded: remove it.",
        )
    if file is None or file.error is None:
        yield check_sampler(file)


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

"""What share of the traces the sampler keeps that the environment or the configuration file selects."""

import os
from importlib.metadata import entry_points
from typing import Final

from .configuration_file import VARIABLE, ConfigurationFile
from .findings import Cause, Finding, note, ok, problem, warning
from .secrets import shown_name

_OFF: Final = "always_off"
_RATIO: Final = "traceidratio"
_PARENT: Final = "parentbased_"
_SMALL: Final = 0.1
"""Below this share of traces, a person who makes a few calls sees no span."""
_SAMPLERS: Final = tuple(prefix + name for prefix in ("", _PARENT) for name in ("always_on", _OFF, _RATIO))
"""The samplers of the SDK: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/."""


def check_sampler(file: ConfigurationFile | None) -> Finding:
    """Check the sampler of the file, or of the environment, which has no effect beside a file."""
    if file is not None:
        return _of_file(file)
    sampler = os.environ.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if not sampler:
        return _default()
    share = _share(sampler) if sampler in _SAMPLERS else None
    if share is None:
        return _unknown_sampler(sampler)
    cure = "set OTEL_TRACES_SAMPLER=always_on to test."
    return _judged(f"OTEL_TRACES_SAMPLER={sampler}", share, cure, follows_parent=sampler.startswith(_PARENT))


def _of_file(file: ConfigurationFile) -> Finding:
    if file.sampler is None:
        return _default()
    name, share = file.sampler
    what = f"the sampler {name} in the file of {VARIABLE}"
    if share is None:
        return note(f"{what} is selected: the doctor cannot know what it drops")
    return _judged(what, share, "select always_on to test.", follows_parent=name == "parent_based")


def _default() -> Finding:
    return ok("each trace is sampled (default)")


def _judged(what: str, share: float, cure: str, *, follows_parent: bool) -> Finding:
    percentage = f"{share:.4%}".rstrip("0%").rstrip(".")
    kept = f"{what} keeps {percentage} % of the traces"
    if share >= _SMALL:
        return ok(kept)
    if follows_parent:
        return warning(Cause.SAMPLED_OUT, f"{kept}, and those of a sampled parent, so most calls have no span: {cure}")
    if share:
        return warning(Cause.SAMPLED_OUT, f"{kept}, so most calls have no span: {cure}")
    return problem(Cause.SAMPLED_OUT, f"{kept}, so no span is recorded: {cure}")


def _unknown_sampler(sampler: str) -> Finding:
    if sampler in _SAMPLERS:
        return problem(Cause.WRONG_VALUE, "OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1: correct it.")
    text = f"OTEL_TRACES_SAMPLER is {shown_name(sampler, _SAMPLERS)}"
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

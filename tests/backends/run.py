"""Runs real backends on loopback and compares what they show with the simulator's bill; generates docs/backends.md.

`python -m tests.backends.run [name ...]` installs the releases of `pins.py` into `.venv-backends/<name>`, once for
each version of the list. It exits with 1 if a check fails or a documented limit no longer exists. A backend that
cannot be installed is skipped, unless CI is set. `--write-docs` writes the table into docs/backends.md; without
it the table on that page must equal the generated one.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.doc_tables import DOCS, check_table
from tests.environments import InstallationError

from . import collector, datadog, jaeger, mlflow, phoenix, prometheus, prometheus_otlp, registered
from .servers import Check

PAGE = DOCS / "backends.md"
BEGIN, END = "<!-- backends -->", "<!-- /backends -->"


@dataclass(frozen=True)
class Backend:
    """A backend; both functions raise `InstallationError` if it cannot be installed."""

    release: Callable[[], str]
    """Return name and version for the table."""
    checks: Callable[[], Iterator[Check]]


@dataclass
class Outcome:
    """The result of a backend."""

    release: str = ""
    checks: list[Check] = field(default_factory=list[Check])
    skipped: str = ""

    @property
    def failures(self) -> list[Check]:
        """Return the failed checks."""
        return [check for check in self.checks if check.failure]


def _prometheus_release() -> str:
    # The table must not depend on the machine: Debian's releases differ in the minor version.
    found = re.search(r"version (\d+)", prometheus.release())
    return f"Prometheus {found.group(1) if found else ''}".strip()


def _prometheus_checks() -> Iterator[Check]:
    topic = "each panel, variable, recording rule and alert of [`dashboards/`](../dashboards/README.md)"
    for claim, failure in prometheus.checks():
        yield Check(topic, claim, failure)


BACKENDS: Final[Mapping[str, Backend]] = {
    "phoenix": Backend(phoenix.release, phoenix.checks),
    "mlflow": Backend(mlflow.release, mlflow.checks),
    "datadog": Backend(datadog.release, datadog.checks),
    "jaeger": Backend(jaeger.release, jaeger.checks),
    "collector": Backend(collector.release, collector.checks),
    "prometheus": Backend(_prometheus_release, _prometheus_checks),
    "prometheus-otlp": Backend(prometheus_otlp.release, prometheus_otlp.checks),
    "register": Backend(registered.release, registered.checks),
}


def run(name: str) -> Outcome:
    """Run one backend, and print each check."""
    outcome = Outcome()
    try:
        outcome.release = BACKENDS[name].release()
        print(f"{name}: {outcome.release}")
        for check in BACKENDS[name].checks():
            outcome.checks.append(check)
            _print(outcome, check)
    except InstallationError as error:
        if "CI" in os.environ:
            outcome.checks.append(Check("", "the backend is available", str(error)))
            _print(outcome, outcome.checks[-1])
        else:
            outcome.skipped = str(error)
            print(f"{name}: SKIPPED, {error}", flush=True)
    except Exception as error:  # noqa: BLE001 - the other backends still run
        outcome.checks.append(Check("", "the checks run to the end", f"{type(error).__name__}: {error}"))
        _print(outcome, outcome.checks[-1])
    return outcome


def _print(outcome: Outcome, check: Check) -> None:
    result = "FAILED" if check.failure else f"limit {_limits(outcome).index(check.limit) + 1}" if check.limit else "ok"
    print(f"    {result:8} {check.claim}{': ' + check.failure if check.failure else ''}", flush=True)


def _limits(outcome: Outcome) -> list[str]:
    return list(dict.fromkeys(check.limit for check in outcome.checks if check.limit))


def table(found: Mapping[str, Outcome]) -> str:
    """The table of docs/backends.md: what was verified, and the numbers of the backend's limits."""
    notes: list[str] = []
    lines = ["| backend | verified | limits |", "|---|---|---|"]
    for name, outcome in found.items():
        if outcome.skipped:
            lines.append(f"| {name} | not run: {outcome.skipped} | |")
            continue
        notes.extend(_limits(outcome))
        topics = dict.fromkeys(check.topic for check in outcome.checks if check.topic and not check.failure)
        for failure in outcome.failures:
            topics.pop(failure.topic, None)
        numbers = ", ".join(str(notes.index(limit) + 1) for limit in _limits(outcome))
        lines.append(f"| **{outcome.release}** | {'; '.join(topics)} | {numbers or '-'} |")
    return "\n".join([*lines, "", *(f"{number}. {note}." for number, note in enumerate(notes, 1))])


def main() -> int:
    """Run the named backends, or all, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BACKENDS], help="backends; default: all")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/backends.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(BACKENDS)
    found = {name: run(name) for name in names}
    failed = sum(len(outcome.failures) for outcome in found.values())
    skipped = sum(bool(outcome.skipped) for outcome in found.values())
    passed = sum(len(outcome.checks) for outcome in found.values()) - failed
    print(f"\n{table(found)}\n")
    if len(found) == len(BACKENDS) and not failed and not skipped:
        failed += check_table(PAGE, BEGIN, table(found), END, write=options.write_docs)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

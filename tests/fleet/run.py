"""Runs the fleet: `python -m tests.fleet.run [--calls N] [--write-docs]`; exits with 1 if a claim does not hold.

Three quiet runs measure the program alone, with OpenTelemetry and with the instrumentation; a fourth has the faults.
The figures depend on the machine, so the page is written with `--write-docs` only, and not compared. Without Go nothing
runs, which is a failure if CI is set.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import Final

from tests.backends.servers import Check
from tests.doc_tables import DOCS, check_table
from tests.environments import InstallationError

from . import claims, drive, report, servers
from .claims import Outcome
from .drive import STYLES

PAGE: Final = DOCS / "fleet.md"
BEGIN, END = "<!-- fleet -->", "<!-- /fleet -->"
CALLS: Final = 20_000
QUIET_CALLS: Final = 4_000


def main() -> int:
    """Run everything; print claims and figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS, help="the least number of calls with the faults")
    parser.add_argument("--quiet-calls", type=int, default=QUIET_CALLS, help="the number of calls of each quiet run")
    parser.add_argument("--write-docs", action="store_true", help="write the figures into docs/fleet.md")
    options = parser.parse_args()
    try:
        releases = servers.build()
    except InstallationError as error:
        print(f"fleet: SKIPPED, {error}")
        return 1 if "CI" in os.environ else 0
    quiet: list[drive.Run] = []
    failures = 0
    for mode in ("plain", "sdk", "traced"):
        with servers.running() as running:
            endpoints: dict[str, str] = {} if mode == "plain" else {**running.endpoints}
            run, _ = drive.run(mode, options.quiet_calls // len(STYLES), endpoints, lambda _: None)
            quiet.append(run)
            failures += _print(claims.baseline(run))
    with servers.running() as running:
        run, faults = drive.run(
            "traced", 0, running.endpoints, lambda workers: drive.break_things(running, workers, options.calls)
        )
        outcome = Outcome(run, faults, running)
        failures += _print(claims.checks(outcome))
        if failures:
            print(run.errors[-3000:])
        text = report.figures(releases, quiet, outcome)
        print(f"\n{text}\n\n{failures} failed")
    if options.write_docs and not failures:
        check_table(PAGE, BEGIN, text, END, write=True)
    return 1 if failures else 0


def _print(checks: Iterable[Check]) -> int:
    """Print each check; return how many failed."""
    failures = 0
    for check in checks:
        failures += bool(check.failure)
        result = f"{'FAILED' if check.failure else 'ok':8} {check.topic}: {check.claim}"
        print(f"    {result}{': ' + check.failure if check.failure else ''}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())

"""Runs every case with and without the instrumentation in one process, and reports all differences but the telemetry.

`python -m tests.conformance.run [--only TEXT] [--clients NAME ...] [--json]`.

A case is run without and then with the instrumentation; if the two runs differ, the case is repeated up to four times,
and a difference in each repetition is a failure: what depends on when the response arrives differs by chance.
"""

import argparse
import asyncio
import collections
import gc
import json
import logging
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Final

from opentelemetry import version
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._telemetry.jobs import JOBS

from tests.speedups import speed_up
from tests.telemetry import Telemetry

from .case import Case
from .cases import CASES, installed_clients
from .compare import differences
from .differences import ALLOWED_DIFFERENCES
from .leaks import wrapped_methods
from .recording_server import RecordingServer
from .run_case import CaseRun

MAX_ATTEMPTS: Final = 5
_CLOSED_PORT: Final = "http://127.0.0.1:9/api/v1"


@dataclass
class Verdict:
    """The result of a case."""

    case: Case
    failures: list[str] = field(default_factory=list[str])
    reasons: list[str] = field(default_factory=list[str])
    """The reasons of the allowed differences."""
    attempts: int = 1
    frames: int = 0


class Suite:
    """Runs cases against one simulator, with one set of providers."""

    def __init__(self, server: RecordingServer) -> None:
        self._server = server
        self._telemetry = Telemetry()
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Close the event loop."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def run(self, case: Case) -> Verdict:
        """Run a case until no difference is left that each pair of runs had, or for the last time."""
        verdict = Verdict(case)
        gc.collect()
        gc.freeze()  # existing objects do not belong to this case and need no traversal
        lasting = self._failures(verdict)
        while lasting and verdict.attempts < MAX_ATTEMPTS:
            verdict.attempts += 1
            again = self._failures(verdict)
            lasting = {subject: failure for subject, failure in again.items() if subject in lasting}
        verdict.failures = list(lasting.values())
        return verdict

    def _failures(self, verdict: Verdict) -> dict[str, str]:
        """Run a case without and with the instrumentation once, and return subject -> failure."""
        case, failures = verdict.case, dict[str, str]()
        uninstrumented, instrumented = self._uninstrumented(case), self._instrumented(case)
        verdict.frames, verdict.reasons = instrumented.frames, []
        types = uninstrumented.observed["alive until collected"]
        for path, text in differences(uninstrumented.observed, instrumented.observed):
            allowed = next((each for each in ALLOWED_DIFFERENCES if each.matches(path, text, case, types)), None)
            if allowed is not None:
                verdict.reasons.append(allowed.why)
            else:
                failures[path] = f"{path}: {text}"
        failures |= {f"log {line}": f"the instrumentation logged: {line}" for line in instrumented.logged}
        return failures | {f"spans {line}": line for line in self._spans(case)}

    def _uninstrumented(self, case: Case) -> CaseRun:
        case_run = CaseRun(self._server, case, self._loop)
        case_run.run()
        return case_run

    def _instrumented(self, case: Case) -> CaseRun:
        self._telemetry.exporter.clear()
        JOBS._recorded.clear()  # a process records the end of a job once
        self._telemetry.instrument([self._server.url, _CLOSED_PORT])
        try:
            return self._uninstrumented(case)
        finally:
            OpenRouterInstrumentor().uninstrument()

    def _spans(self, case: Case) -> Iterator[str]:
        """Check that the case was traced: one ended span for each call on an instrumented path."""
        expected = case.conditions.concurrency if case.is_covered else 0
        count = len(self._telemetry.raw_spans)
        if count != expected:
            yield f"{count} spans instead of {expected}"
        if self._telemetry.started.open:
            yield f"{len(self._telemetry.started.open)} spans are open"
            self._telemetry.started.open.clear()
        yield from (f"{name} is not restored" for name in wrapped_methods())


def main() -> int:
    """Run the selected cases, or all, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run only cases whose name contains this text")
    parser.add_argument("--clients", nargs="*", help=f"any of {', '.join(CASES)}; default: all that are installed")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for the matrix")
    options = parser.parse_args()
    clients: list[str] = options.clients or installed_clients()
    logging.getLogger().addHandler(logging.NullHandler())
    speed_up()
    server = RecordingServer()
    with server, closing(Suite(server)) as suite:
        reports = [_run(suite, client, options.only) for client in clients]
    if options.json:
        print(json.dumps(reports))
    else:
        for report in reports:
            _print(report)
    return 1 if any(report["failed"] for report in reports) else 0


def _run(suite: Suite, client: str, only: str) -> dict[str, Any]:
    """Run the selected cases of a client, and return the report."""
    start = time.monotonic()
    cases, missing = CASES[client]()
    verdicts = [suite.run(case) for case in cases if only in case.name]
    failed = [verdict for verdict in verdicts if verdict.failures]
    return {
        "client": client,
        "version": metadata.version(client),
        "python": platform.python_version(),
        "opentelemetry": version.__version__,
        "calling_styles": len({verdict.case.calling_style for verdict in verdicts}),
        "cases": len(verdicts),
        "missing": missing,
        "repeated": sum(verdict.attempts > 1 for verdict in verdicts),
        "frames": max((verdict.frames for verdict in verdicts), default=0),
        "reasons": dict(collections.Counter(why for verdict in verdicts for why in set(verdict.reasons))),
        "failures": [f"{verdict.case.name}: {failure}" for verdict in failed for failure in verdict.failures],
        "failed": len(failed),
        "seconds": round(time.monotonic() - start, 1),
    }


def _print(report: dict[str, Any]) -> None:
    for failure in report["failures"]:
        print(failure)
    for name, value in report.items():
        if name != "failures":
            print(f"{name}: {value}")


if __name__ == "__main__":
    sys.exit(main())

"""Runs the conformance suite and test_contract.py in each environment of the matrix; generates docs/compatibility.md.

`python -m tests.conformance.matrix [name ...]` creates the environments of `releases` in `.venv-matrix/<name>`, once
for each version of the list, and exits with 1 if a check fails. `--write-docs` writes the table into
docs/compatibility.md. Unlike the other suites it does not compare the table: the newest installed Python depends on the
machine.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT, InstallationError

from .environments import release_environment
from .releases import RELEASES

PAGE = DOCS / "compatibility.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"
CONCURRENCY: Final = 2
TIMEOUT: Final = 900
_MAX_PRINTED: Final = 25
"""The number of failures that are printed for an environment; one cause may make hundreds."""
Report = dict[str, Any]


def conform(name: str) -> Report:
    """Run the suite and the contract tests in an environment, and return the report."""
    start = time.monotonic()
    try:
        python = release_environment(name, RELEASES[name])
        report = _suite(python)
        report["failures"] += _contract(python)
    except (InstallationError, subprocess.TimeoutExpired) as error:
        report = _failed(str(error))
    report["seconds"] = round(time.monotonic() - start)
    return report


def _suite(python: Any) -> Report:
    # Warnings at interpreter exit do not belong to a case.
    command = [python, "-m", "tests.conformance.run", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return _failed(f"exit code {done.returncode}: {done.stderr[-2000:]}")


def _contract(python: Any) -> list[str]:
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/integration/test_contract.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return (
        [f"tests/integration/test_contract.py: {line}" for line in done.stdout.splitlines()[-12:]]
        if done.returncode
        else []
    )


def _failed(message: str) -> Report:
    return {
        "openai": "?",
        "python": "?",
        "opentelemetry": "?",
        "calling_styles": 0,
        "cases": 0,
        "missing": 0,
        "failures": [message],
    }


def table(reports: dict[str, Report]) -> str:
    """The table of docs/compatibility.md: each environment and its result."""
    lines = [
        "| openai | Python | OpenTelemetry | calling styles | cases with options | differences |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {report['openai']} | {report['python'].rpartition('.')[0]} | {report['opentelemetry']} |"
        f" {report['calling_styles']} | {report['cases']} | {len(report['failures']) or 'none'} |"
        for report in reports.values()
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the named environments, or all, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(RELEASES)}; default: all")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/compatibility.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(RELEASES)
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        reports = dict(zip(names, pool.map(conform, names), strict=True))
    for name, report in reports.items():
        print(
            f"{name}: openai {report['openai']}, Python {report['python']}, OpenTelemetry {report['opentelemetry']}: "
            f"{report['calling_styles']} calling styles and {report['missing']} unsupported ones, "
            f"{report['cases']} cases, {report['seconds']} s, {'FAILED' if report['failures'] else 'ok'}"
        )
        for failure in report["failures"][:_MAX_PRINTED]:
            print(f"    {failure}")
        if len(report["failures"]) > _MAX_PRINTED:
            print(f"    and {len(report['failures']) - _MAX_PRINTED} more")
    if options.write_docs:
        check_table(PAGE, BEGIN, table(reports), END, write=True)
    return 1 if any(report["failures"] for report in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

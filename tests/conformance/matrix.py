"""Runs the conformance suite and the contract tests in each environment of the matrix; generates docs/compatibility.md.

`python -m tests.conformance.matrix [name ...]` creates the environments of `releases` in `.venv-matrix/<name>`, once
for each version of the list, and exits with 1 if a check fails. `--write-docs` writes the table into
docs/compatibility.md. Unlike the other suites it does not compare the table: the newest installed Python depends on the
machine.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT, InstallationError

from .environments import release_environment
from .releases import RELEASES

PAGE = DOCS / "compatibility.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"
CLIENTS: Final = ("openai", "anthropic", "httpx", "httpx2", "requests", "aiohttp")
CONTRACTS: Final = {
    "openai": "tests/integration/test_contract.py",
    "anthropic": "tests/integration/test_contract_anthropic.py",
}
"""`test_http_contract.py` needs all HTTP libraries; `make test` runs it on the oldest and the newest."""
CONCURRENCY: Final = 2
TIMEOUT: Final = 900
_MAX_PRINTED: Final = 25
"""The number of failures that are printed for an environment; one cause may make hundreds."""
Report = dict[str, Any]


def conform(name: str) -> list[Report]:
    """Run the suite and the contract tests in an environment, and return a report of each client."""
    release = RELEASES[name]
    try:
        python = release_environment(name, release)
        reports = _suite(python, release.clients)
        reports[0]["failures"] += _contract(python, release.clients)
    except (InstallationError, subprocess.TimeoutExpired) as error:
        return [_failed(str(error))]
    return reports


def _suite(python: Any, clients: tuple[str, ...]) -> list[Report]:
    # Warnings at interpreter exit do not belong to a case.
    command = [python, "-m", "tests.conformance.run", "--json", "--clients", *clients]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return [_failed(f"exit code {done.returncode}: {done.stderr[-2000:]}")]


def _contract(python: Any, clients: tuple[str, ...]) -> list[str]:
    files = [CONTRACTS[client] for client in clients if client in CONTRACTS]
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return [f"contract tests: {line}" for line in done.stdout.splitlines()[-12:]] if done.returncode else []


def _failed(message: str) -> Report:
    return {
        "client": "?",
        "version": "?",
        "python": "?",
        "opentelemetry": "?",
        "calling_styles": 0,
        "cases": 0,
        "missing": 0,
        "seconds": 0,
        "failures": [message],
    }


def table(reports: list[Report]) -> str:
    """The table of docs/compatibility.md: each client in each environment, and the result."""
    lines = [
        "| client | Python | OpenTelemetry | calling styles | cases with options | differences |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{report['client']}` {report['version']} | {report['python'].rpartition('.')[0]} |"
        f" {report['opentelemetry']} | {report['calling_styles']} | {report['cases']} |"
        f" {len(report['failures']) or 'none'} |"
        for client in CLIENTS
        for report in reports
        if report["client"] == client
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
    for name, each in reports.items():
        for report in each:
            _print(name, report)
    every = [report for each in reports.values() for report in each]
    if options.write_docs:
        check_table(PAGE, BEGIN, table(every), END, write=True)
    return 1 if any(report["failures"] for report in every) else 0


def _print(name: str, report: Report) -> None:
    print(
        f"{name}: {report['client']} {report['version']}, Python {report['python']}, "
        f"OpenTelemetry {report['opentelemetry']}: {report['calling_styles']} calling styles and {report['missing']} "
        f"unsupported ones, {report['cases']} cases, {report['seconds']} s, "
        f"{'FAILED' if report['failures'] else 'ok'}"
    )
    for failure in report["failures"][:_MAX_PRINTED]:
        print(f"    {failure}")
    if len(report["failures"]) > _MAX_PRINTED:
        print(f"    and {len(report['failures']) - _MAX_PRINTED} more")


if __name__ == "__main__":
    sys.exit(main())

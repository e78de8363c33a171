"""Runs the conformance suite and test_contract.py in each environment of the matrix; generates docs/compatibility.md.

`python -m tests.conformance.matrix [name ...]` creates the environments of `pins` in `.venv-matrix/<name>`, once for
each version of the list, and exits with 1 where a check fails. `--write-docs` writes the table into
docs/compatibility.md. Unlike the other suites it does not compare the table: the newest Python differs from machine to
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
from tests.environments import ROOT, NotToBeHad

from . import environments
from .releases import PINS

PAGE = DOCS / "compatibility.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"
AT_ONCE: Final = 2
SECONDS: Final = 900
_MOST: Final = 25
"""So many faults of an environment are told; where one cause makes hundreds, the first tell it."""
Told = dict[str, Any]


def conform(name: str) -> Told:
    """What the suite and the contract's tests tell in an environment."""
    began = time.monotonic()
    try:
        python = environments.of(name, PINS[name])
        told = _suite(python)
        told["faults"] += _contract(python)
    except (NotToBeHad, subprocess.TimeoutExpired) as error:
        told = _failed(str(error))
    told["seconds"] = round(time.monotonic() - began)
    return told


def _suite(python: Any) -> Told:
    # Warnings on the way to the interpreter's end are not of a case.
    command = [python, "-m", "tests.conformance.run", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return _failed(f"it ended with {done.returncode}: {done.stderr[-2000:]}")


def _contract(python: Any) -> list[str]:
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/integration/test_contract.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    return (
        [f"tests/integration/test_contract.py: {line}" for line in done.stdout.splitlines()[-12:]]
        if done.returncode
        else []
    )


def _failed(why: str) -> Told:
    return {"openai": "?", "python": "?", "opentelemetry": "?", "ways": 0, "cases": 0, "missing": 0, "faults": [why]}


def table(found: dict[str, Told]) -> str:
    """The table of docs/compatibility.md: each environment and its result."""
    lines = [
        "| openai | Python | OpenTelemetry | calling styles | cases with options | differences |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {told['openai']} | {told['python'].rpartition('.')[0]} | {told['opentelemetry']} | {told['ways']} |"
        f" {told['cases']} | {len(told['faults']) or 'none'} |"
        for told in found.values()
    ]
    return "\n".join(lines)


def main() -> int:
    """Run what is asked for, or all, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PINS)}; all where none is named")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/compatibility.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(PINS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = dict(zip(names, pool.map(conform, names), strict=True))
    for name, told in found.items():
        print(
            f"{name}: openai {told['openai']}, Python {told['python']}, OpenTelemetry {told['opentelemetry']}: "
            f"{told['ways']} ways, {told['cases']} cases, {told['missing']} ways that it has not, "
            f"{told['seconds']} s, {'WRONG' if told['faults'] else 'ok'}"
        )
        for fault in told["faults"][:_MOST]:
            print(f"    {fault}")
        if len(told["faults"]) > _MOST:
            print(f"    and {len(told['faults']) - _MOST} more")
    if options.write_docs:
        check_table(PAGE, BEGIN, table(found), END, write=True)
    return 1 if any(told["faults"] for told in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

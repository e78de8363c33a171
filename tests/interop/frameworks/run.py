"""Runs each framework's newest release against the simulator, in its own environment; generates docs/frameworks.md.

`python -m tests.interop.frameworks.run [name ...]` installs the releases of `pins.py` into `.venv-frameworks/<name>`,
once for each version of the list, two at a time, and exits with 1 if a check fails. `--write-docs` writes the
table into docs/frameworks.md; without it the table on that page must equal the generated one.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.doc_tables import DOCS, check_table
from tests.environments import InstallationError, environment, interpreter
from tests.simulator import Simulator

from .pins import PINS

HERE = Path(__file__).parent
PAGE = DOCS / "frameworks.md"
BEGIN, END = "<!-- frameworks: made by `make frameworks` -->", "<!-- /frameworks -->"
SECONDS = 900
Found = dict[str, Any]


def probe(simulator: str, name: str) -> list[Found]:
    """Return the results of the modes of a program; a result without a mode is a failure of the whole program."""
    pin = PINS[name]
    try:
        python = environment(
            f".venv-frameworks/{name}", ("opentelemetry-sdk", *pin.requires), interpreter=interpreter(pin.python)
        )
        command = [python, HERE / "probe.py", name, simulator]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    except (InstallationError, subprocess.TimeoutExpired) as error:
        return [_failed(str(error))]
    return [json.loads(line) for line in done.stdout.splitlines()] or [_failed(f"exit code {done.returncode}")]


def _failed(why: str) -> Found:
    return {"mode": "", "traced": False, "separate": "", "failures": [why]}


def table(found: dict[str, list[Found]]) -> str:
    """The table of docs/frameworks.md: each framework, its verified calls, and those with its own tracing."""
    lines = ["| framework | verified calls | with the framework's own tracing |", "|---|---|---|"]
    notes: list[str] = []
    for name, pin in PINS.items():
        if pin.skip:
            lines.append(f"| {pin.title} | not run: {pin.skip} | |")
            continue
        modes = [case["mode"] for case in found[name] if not case["traced"]]
        traced = [case for case in found[name] if case["traced"]]
        cell = f"all {len(traced)}" if traced else "-"
        for why in sorted({case["separate"] for case in traced if case["separate"]}):
            if why not in notes:
                notes.append(why)
            cell += f" ({notes.index(why) + 1})"
        release = ", ".join(f"`{each}`" for each in pin.requires)
        lines.append(f"| **{pin.title}** {release} | {'; '.join(modes)} | {cell} |")
    return "\n".join([*lines, "", *(f"{number}. {note}." for number, note in enumerate(notes, 1))])


def main() -> int:
    """Run the named frameworks, or all, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="frameworks; default: all")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/frameworks.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(PINS)
    found: dict[str, list[Found]] = {}
    failed = 0
    skipped = [name for name in names if PINS[name].skip]
    for name in skipped:
        print(f"{name}: SKIPPED, {PINS[name].skip}")
    names = [name for name in names if name not in skipped]
    with Simulator() as simulator, ThreadPoolExecutor(2) as pool:
        for name, found[name] in zip(names, pool.map(partial(probe, simulator.url), names), strict=True):
            failures = [(case["mode"], case["traced"], failure) for case in found[name] for failure in case["failures"]]
            failed += len(failures)
            print(f"{name}: {len(found[name])} modes, {'FAILED' if failures else 'ok'}")
            for mode, traced, failure in failures:
                print(f"    {mode}{', with its own tracing' if traced else ''}: {failure}", flush=True)
    if not options.names and not failed:
        failed += check_table(PAGE, BEGIN, table(found), END, write=options.write_docs)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

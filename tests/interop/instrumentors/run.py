"""Runs every calling style with each other instrumentation, in both orders; generates docs/other-instrumentations.md.

`python -m tests.interop.instrumentors.run [name ...]` exits with 1 if a check fails or a limit that `known`
documents no longer exists. `--write-docs` writes the tables into docs/other-instrumentations.md; without it the tables
on that page must equal the generated ones.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT, environment

from .known import CLIENTS, INSTRUMENTORS

PAGE = DOCS / "other-instrumentations.md"
BEGIN, END = "<!-- instrumentations: made by `make interop` -->", "<!-- /instrumentations -->"
ALSO: Final = ("starlette", "uvicorn")  # requirements of the simulator
OFFLINE: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # LiteLLM requests a list of prices otherwise
ORDERS: Final = ("alone", "other first", "ours first")
Found = dict[str, Any]


def probe(name: str, order: str) -> list[Found]:
    """Run the probe with one instrumentor in one order, and return its results."""
    python = environment(f".venv-frameworks/beside-{name}", ("opentelemetry-sdk", *INSTRUMENTORS[name].requires, *ALSO))
    command = [python, "-m", "tests.interop.instrumentors.probe", name, order]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **OFFLINE}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        failures = [f"exit code {done.returncode}"]
        return [{"endpoint": "", "style": order, "group": "", "outcome": "", "spans": 1, "failures": failures}]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _probe_orders(name: str) -> list[list[Found]]:
    return [probe(name, order) for order in ORDERS]


def failures(name: str, alone: list[Found], together: list[Found]) -> Iterator[str]:
    """Yield the failures of a run with one instrumentor."""
    before = {(found["endpoint"], found["style"]): found["outcome"] for found in alone}
    for found in together:
        case = found["endpoint"], found["style"]
        title = " ".join(case).strip()
        yield from (f"{title}: {failure}" for failure in found.get("failures", []))
        if before.get(case, found["outcome"]) != found["outcome"]:
            yield f"{title}: the caller got {found['outcome']} instead of {before[case]}"
        expected = INSTRUMENTORS[name].limit(*case).spans
        if found.get("spans", expected) != expected:
            yield f"{title}: {found['spans']} spans instead of {expected}"


def tables(found: dict[str, list[Found]]) -> str:
    """The tables of docs/other-instrumentations.md: the spans of a call, and the reason if there are several."""
    parts: list[str] = []
    for client, title in CLIENTS.items():
        rows = {name: cases for name, cases in found.items() if INSTRUMENTORS[name].client == client}
        parts += [f"### {title}", "", *_table(rows), ""]
    return "\n".join(parts).strip()


def _table(rows: dict[str, list[Found]]) -> Iterator[str]:
    groups = list(dict.fromkeys(case["group"] for cases in rows.values() for case in cases if case["group"]))
    yield f"| other instrumentation | {' | '.join(groups)} |"
    yield "|---" * (len(groups) + 1) + "|"
    notes: list[str] = []
    for name, cases in rows.items():
        cells = [_cell(name, [case for case in cases if case["group"] == group], notes) for group in groups]
        yield f"| {INSTRUMENTORS[name].title}, `{INSTRUMENTORS[name].requires[0]}` | {' | '.join(cells)} |"
    if notes:
        yield ""
    yield from (f"{number}. {note}" for number, note in enumerate(notes, 1))


def _cell(name: str, cases: list[Found], notes: list[str]) -> str:
    other = INSTRUMENTORS[name]
    counts: set[str] = set()
    for case in (case for case in cases if "spans" in case):
        limit = other.limit(case["endpoint"], case["style"])
        note = f"{other.title}: {limit.why}."
        if limit.why and note not in notes:
            notes.append(note)
        counts.add(f"{case['spans']} ({notes.index(note) + 1})" if limit.why else str(case["spans"]))
    return " or ".join(sorted(counts))


def main() -> int:
    """Run the named instrumentors, or all, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="instrumentors; default: all")
    parser.add_argument(
        "--write-docs", action="store_true", help="write the tables into docs/other-instrumentations.md"
    )
    options = parser.parse_args()
    names: list[str] = options.names or list(INSTRUMENTORS)
    found: dict[str, list[Found]] = {}
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for name, (alone, *together) in zip(names, pool.map(_probe_orders, names), strict=True):
            for order, found[name] in zip(ORDERS[1:], together, strict=True):
                problems = list(failures(name, alone, found[name]))
                failed += len(problems)
                print(f"{name}, {order}: {len(found[name])} calling styles, {'FAILED' if problems else 'ok'}")
                print("".join(f"    {problem}\n" for problem in problems), end="", flush=True)
    if not options.names and not failed:
        failed += check_table(PAGE, BEGIN, tables(found), END, write=options.write_docs)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

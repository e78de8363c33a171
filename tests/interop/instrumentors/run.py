"""Runs every calling style with each other instrumentation, in both orders; generates docs/other-instrumentations.md.

`python -m tests.interop.instrumentors.run [name ...]` exits with 1 where a check fails or a limit that `known`
documents no longer exists. `--write-docs` writes the table into docs/other-instrumentations.md; without it the table on
that page must equal the generated one.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from tests.calling_styles import STREAMED_WAYS
from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT, environment
from tests.simulator import Simulator

from .known import NEIGHBOURS

PAGE = DOCS / "other-instrumentations.md"
BEGIN, END = "<!-- instrumentations: made by `make interop` -->", "<!-- /instrumentations -->"
ALSO: Final = ("starlette", "uvicorn")  # what the simulator needs, which the ways of calling import
GROUPS: Final = {
    "chat": "chat, text completions: plain, parsed, raw",
    "chat stream": "streams, helpers",
    "chat body": "`with_streaming_response`, not streamed",
    "responses": "Responses: plain, parsed, raw",
    "responses stream": "streams, helpers",
    "responses body": "`with_streaming_response`, not streamed",
    "embeddings": "embeddings: plain, raw",
    "embeddings body": "`with_streaming_response`, not streamed",
}
Found = dict[str, Any]


def probe(name: str, order: str, simulator: str) -> list[Found]:
    """What a neighbour's run tells."""
    python = environment(f".venv-frameworks/beside-{name}", ("opentelemetry-sdk", *NEIGHBOURS[name].requires, *ALSO))
    command = [python, "-m", "tests.interop.instrumentors.probe", name, order, simulator]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return [
            {"endpoint": "", "way": order, "outcome": "", "spans": 1, "faults": [f"it ended with {done.returncode}"]}
        ]
    return [json.loads(line) for line in done.stdout.splitlines()]


def faults(name: str, alone: list[Found], together: list[Found]) -> Iterator[str]:
    """What is wrong with a neighbour's run."""
    before = {(found["endpoint"], found["way"]): found["outcome"] for found in alone}
    for found in together:
        case = found["endpoint"], found["way"]
        said = " ".join(case).strip()
        yield from (f"{said}: {fault}" for fault in found.get("faults", []))
        if before.get(case, found["outcome"]) != found["outcome"]:
            yield f"{said}: the caller got {found['outcome']} in place of {before[case]}"
        limits = [limit for limit in NEIGHBOURS[name].limits if limit.holds(*case)]
        wanted = limits[0].spans if limits else 1
        if found.get("spans", wanted) != wanted:
            yield f"{said}: {found['spans']} spans in place of {wanted}"


def table(found: dict[str, list[Found]]) -> str:
    """The table of docs/other-instrumentations.md: the spans of a call, and the reason where it is not one."""
    notes: list[str] = []
    lines = [f"| other instrumentation | {' | '.join(GROUPS.values())} |", "|---" * (len(GROUPS) + 1) + "|"]
    for name, cases in found.items():
        cells = [_cell(name, group, cases, notes) for group in GROUPS]
        release = f"`{NEIGHBOURS[name].requires[0]}`"
        lines.append(f"| {NEIGHBOURS[name].title}, {release} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, 1))])


def _cell(name: str, group: str, cases: list[Found], notes: list[str]) -> str:
    title = NEIGHBOURS[name].title
    told: set[str] = set()
    for case in (case for case in cases if _group(case) == group and "spans" in case):
        marks = ""
        for limit in NEIGHBOURS[name].limits:
            if limit.holds(case["endpoint"], case["way"]):
                note = f"{title}: {limit.why}."
                if note not in notes:
                    notes.append(note)
                marks = f" ({notes.index(note) + 1})"
                break
        told.add(f"{case['spans']}{marks}")
    return " or ".join(sorted(told))


def _group(case: Found) -> str:
    endpoint = "chat" if case["endpoint"] == "completions" else case["endpoint"]
    way = case["way"]
    kind = " stream" if way in STREAMED_WAYS else " body" if "streaming response" in way else ""
    return endpoint + kind


def main() -> int:
    """Run what is asked for, or all, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="neighbours; all where none is named")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/other-instrumentations.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(NEIGHBOURS)
    found: dict[str, list[Found]] = {}
    wrong = 0
    with Simulator() as simulator:
        for name in names:
            alone = probe(name, "alone", simulator.url)
            for order in ("neighbour first", "ours first"):
                found[name] = probe(name, order, simulator.url)
                told = list(faults(name, alone, found[name]))
                wrong += len(told)
                print(f"{name}, {order}: {len(found[name])} ways, {'ok' if not told else 'WRONG'}")
                print("".join(f"    {fault}\n" for fault in told), end="", flush=True)
    if not options.names and not wrong:
        wrong += check_table(PAGE, BEGIN, table(found), END, write=options.write_docs)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

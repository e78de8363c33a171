"""Runs every calling style with each other instrumentation, in both orders; generates docs/other-instrumentations.md.

`python -m tests.interop.instrumentors.run [name ...]` exits with 1 if a check fails or a limit that `known`
documents no longer exists. `--write-docs` writes the table into docs/other-instrumentations.md; without it the table on
that page must equal the generated one.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from tests.calling_styles import STREAMED_STYLES
from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT, environment
from tests.simulator import Simulator

from .known import INSTRUMENTORS

PAGE = DOCS / "other-instrumentations.md"
BEGIN, END = "<!-- instrumentations: made by `make interop` -->", "<!-- /instrumentations -->"
ALSO: Final = ("starlette", "uvicorn")  # requirements of the simulator, which the calling styles import
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
    """Run the probe with one instrumentor in one order, and return its results."""
    python = environment(f".venv-frameworks/beside-{name}", ("opentelemetry-sdk", *INSTRUMENTORS[name].requires, *ALSO))
    command = [python, "-m", "tests.interop.instrumentors.probe", name, order, simulator]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return [
            {"endpoint": "", "style": order, "outcome": "", "spans": 1, "failures": [f"exit code {done.returncode}"]}
        ]
    return [json.loads(line) for line in done.stdout.splitlines()]


def failures(name: str, alone: list[Found], together: list[Found]) -> Iterator[str]:
    """Yield the failures of a run with one instrumentor."""
    before = {(found["endpoint"], found["style"]): found["outcome"] for found in alone}
    for found in together:
        case = found["endpoint"], found["style"]
        title = " ".join(case).strip()
        yield from (f"{title}: {failure}" for failure in found.get("failures", []))
        if before.get(case, found["outcome"]) != found["outcome"]:
            yield f"{title}: the caller got {found['outcome']} instead of {before[case]}"
        limits = [limit for limit in INSTRUMENTORS[name].limits if limit.applies(*case)]
        expected = limits[0].spans if limits else 1
        if found.get("spans", expected) != expected:
            yield f"{title}: {found['spans']} spans instead of {expected}"


def table(found: dict[str, list[Found]]) -> str:
    """The table of docs/other-instrumentations.md: the spans of a call, and the reason if there are several."""
    notes: list[str] = []
    lines = [f"| other instrumentation | {' | '.join(GROUPS.values())} |", "|---" * (len(GROUPS) + 1) + "|"]
    for name, cases in found.items():
        cells = [_cell(name, group, cases, notes) for group in GROUPS]
        release = f"`{INSTRUMENTORS[name].requires[0]}`"
        lines.append(f"| {INSTRUMENTORS[name].title}, {release} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, 1))])


def _cell(name: str, group: str, cases: list[Found], notes: list[str]) -> str:
    title = INSTRUMENTORS[name].title
    counts: set[str] = set()
    for case in (case for case in cases if _group(case) == group and "spans" in case):
        reference = ""
        for limit in INSTRUMENTORS[name].limits:
            if limit.applies(case["endpoint"], case["style"]):
                note = f"{title}: {limit.why}."
                if note not in notes:
                    notes.append(note)
                reference = f" ({notes.index(note) + 1})"
                break
        counts.add(f"{case['spans']}{reference}")
    return " or ".join(sorted(counts))


def _group(case: Found) -> str:
    endpoint = "chat" if case["endpoint"] == "completions" else case["endpoint"]
    style = case["style"]
    kind = " stream" if style in STREAMED_STYLES else " body" if "streaming response" in style else ""
    return endpoint + kind


def main() -> int:
    """Run the named instrumentors, or all, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="instrumentors; default: all")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/other-instrumentations.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(INSTRUMENTORS)
    found: dict[str, list[Found]] = {}
    failed = 0
    with Simulator() as simulator:
        for name in names:
            alone = probe(name, "alone", simulator.url)
            for order in ("other first", "ours first"):
                found[name] = probe(name, order, simulator.url)
                problems = list(failures(name, alone, found[name]))
                failed += len(problems)
                print(f"{name}, {order}: {len(found[name])} calling styles, {'FAILED' if problems else 'ok'}")
                print("".join(f"    {problem}\n" for problem in problems), end="", flush=True)
    if not options.names and not failed:
        failed += check_table(PAGE, BEGIN, table(found), END, write=options.write_docs)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

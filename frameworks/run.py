"""Runs each framework's newest release against the simulator, in an environment of its own; makes the README's table.

`python -m frameworks.run [name ...]` installs what `pins.py` says into `.venv-frameworks/<name>`, once for each state
of it, and exits with 1 where anything is wrong. `--readme` also writes the table into the README; without it the table
there must be the very one.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from simulator import Simulator

from .pins import PINS

HERE = Path(__file__).parent
ROOT = HERE.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- frameworks: made by `make frameworks` -->", "<!-- /frameworks -->"
SECONDS = 300
Found = dict[str, Any]


def environment(name: str, requirements: tuple[str, ...]) -> Path:
    """The Python of an environment with *requirements* and this project, made anew where they have changed."""
    home = ROOT / ".venv-frameworks" / name
    python, stamp = home / "bin" / "python", home / "stamp"
    project = (ROOT / "pyproject.toml").read_text()
    state = hashlib.sha256(json.dumps([requirements, project]).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != state:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, home], check=True)
        wanted = ["-e", str(ROOT), "opentelemetry-sdk", *requirements]
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
        stamp.write_text(state)
    return python


def probe(name: str, requirements: tuple[str, ...], simulator: str) -> list[Found]:
    """What was found of each mode of a program; a mode without a name is the program itself."""
    try:
        python = environment(name, requirements)
        command = [python, HERE / "probe.py", name, simulator]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return [_failed(str(error))]
    return [json.loads(line) for line in done.stdout.splitlines()] or [_failed(f"it ended with {done.returncode}")]


def _failed(why: str) -> Found:
    return {"mode": "", "traced": False, "beside": "", "faults": [why]}


def table(found: dict[str, list[Found]]) -> str:
    """The README's table: what was run, and what came of it."""
    lines = ["| framework | ways | with its own tracing too |", "|---|---|---|"]
    notes: list[str] = []
    for name, pin in PINS.items():
        if pin.skip:
            lines.append(f"| {pin.title} | not run: {pin.skip} | |")
            continue
        modes = [case["mode"] for case in found[name] if not case["traced"]]
        traced = [case for case in found[name] if case["traced"]]
        told = f"all {len(traced)}" if traced else "-"
        for why in sorted({case["beside"] for case in traced if case["beside"]}):
            if why not in notes:
                notes.append(why)
            told += f" ({notes.index(why) + 1})"
        release = ", ".join(f"`{each}`" for each in pin.requires)
        lines.append(f"| **{pin.title}** {release} | {'; '.join(modes)} | {told} |")
    return "\n".join([*lines, "", *(f"{number}. {note}." for number, note in enumerate(notes, 1))])


def main() -> int:
    """Run what is asked for, or all, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="frameworks; all where none is named")
    parser.add_argument("--readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    names: list[str] = options.names or list(PINS)
    found: dict[str, list[Found]] = {}
    wrong = 0
    with Simulator() as simulator:
        for name in names:
            if PINS[name].skip:
                print(f"{name}: SKIPPED, {PINS[name].skip}")
                continue
            found[name] = probe(name, PINS[name].requires, simulator.url)
            faults = [(case["mode"], case["traced"], fault) for case in found[name] for fault in case["faults"]]
            wrong += len(faults)
            print(f"{name}: {len(found[name])} ways, {'WRONG' if faults else 'ok'}")
            for mode, traced, fault in faults:
                print(f"    {mode}{', traced by the framework too' if traced else ''}: {fault}", flush=True)
    if not options.names and not wrong:
        wrong += settle_table(BEGIN, table(found), END, write=options.readme)
    return 1 if wrong else 0


def settle_table(begin: str, made: str, end: str, *, write: bool) -> int:
    """Compare a table with the README's, or write it there; 1 where it is another one."""
    before, _, rest = README.read_text().partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise ValueError(f"the README has no {begin}")
    text = f"{before}{begin}\n\n{made}\n\n{end}{after}"
    if text == README.read_text():
        return 0
    if write:
        README.write_text(text)
        return 0
    print("The table in the README is another one; `--readme` writes it.")
    return 1


if __name__ == "__main__":
    sys.exit(main())

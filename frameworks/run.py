"""Runs each framework's newest release against the simulator, in an environment of its own, and makes the README's table.

`python frameworks/run.py [name ...]` installs what `pins.py` says into `.venv-frameworks/<name>`, once for each state of
it, and exits with 1 where anything is wrong. `--readme` also writes the table into the README; without it the table there
must be the very one.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from pins import PINS

HERE = Path(__file__).parent
ROOT = HERE.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- frameworks: made by `make frameworks` -->", "<!-- /frameworks -->"
SECONDS = 300
sys.path.insert(0, str(ROOT))

from simulator import Simulator  # noqa: E402 - found by the line above


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


def probe(name: str, requirements: tuple[str, ...], simulator: str) -> dict[str, list[str]]:
    """For each mode of a program what is wrong with it; a mode without a name is the program itself."""
    try:
        python = environment(name, requirements)
        done = subprocess.run(
            [python, HERE / "probe.py", name, simulator], stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return {"": [str(error)]}
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["mode"]: line["faults"] for line in lines} or {"": [f"it ended with {done.returncode}"]}


def table(found: dict[str, dict[str, list[str]]]) -> str:
    """The README's table: what was run, and what came of it."""
    lines = ["| framework | release | ways, all as they should be |", "|---|---|---|"]
    for name, modes in found.items():
        pin = PINS[name]
        lines.append(f"| {pin.title} | {', '.join(f'`{each}`' for each in pin.requires)} | {'; '.join(modes)} |")
    return "\n".join(lines)


def main() -> int:
    """Run what is asked for, or all, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="frameworks; all where none is named")
    parser.add_argument("--readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    names: list[str] = options.names or list(PINS)
    found: dict[str, dict[str, list[str]]] = {}
    wrong = 0
    with Simulator() as simulator:
        for name in names:
            if PINS[name].skip:
                print(f"{name}: SKIPPED, {PINS[name].skip}")
                continue
            found[name] = probe(name, PINS[name].requires, simulator.url)
            for mode, faults in found[name].items():
                wrong += bool(faults)
                print(f"{name}: {mode}: {'ok' if not faults else 'WRONG'}")
                print("".join(f"    {fault}\n" for fault in faults), end="", flush=True)
    if not options.names and not wrong:
        wrong += _compare_table(table(found), write=options.readme)
    return 1 if wrong else 0


def _compare_table(made: str, *, write: bool) -> int:
    before, begin, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    text = f"{before}{begin}\n{made}\n{end}{after}"
    if text == README.read_text():
        return 0
    if write:
        README.write_text(text)
        return 0
    print("The table in the README is another one: `python frameworks/run.py --readme` writes it.")
    return 1


if __name__ == "__main__":
    sys.exit(main())

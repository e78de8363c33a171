"""What `run` passes to the processes of the program: the command of the interpreter, and environment variables."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .extra import PACKAGE

CALLS_VARIABLE: Final = "_OPENROUTER_RUN_CALLS"
"""The path of the file for the calls."""
OTLP_VARIABLE: Final = "_OPENROUTER_RUN_OTLP"
"""The URL of the OTLP endpoint, if there is one."""
_ON_PATH: Final = Path(__file__).with_name("on_path")


def program_environment(environment: Mapping[str, str], calls: Path, otlp: str | None) -> dict[str, str]:
    """Return the environment of the program. Its children inherit it, so that they are instrumented, too."""
    path = [str(_ON_PATH), *filter(None, [environment.get("PYTHONPATH")])]
    added = {"PYTHONPATH": os.pathsep.join(path), CALLS_VARIABLE: str(calls)}
    inherited = {name: value for name, value in environment.items() if name != OTLP_VARIABLE}
    return {**inherited, **added, **({} if otlp is None else {OTLP_VARIABLE: otlp})}


def python_options(command: Sequence[str]) -> list[str]:
    """Return the options of the interpreter in *command*, the command line that started this process.

    They are what precedes `-m` and the name of this package: `python -X dev -um opentelemetry...` has `-X dev -u`.
    """
    names = (PACKAGE, f"{PACKAGE}.__main__")
    for position, argument in enumerate(command):
        if argument in names and command[position - 1].endswith("m"):
            options, last = command[1 : position - 1], command[position - 1][:-1]
        elif argument.startswith("-") and argument.endswith(tuple(f"m{name}" for name in names)):
            options, last = command[1:position], argument[: argument.rindex(f"m{PACKAGE}")]
        else:
            continue
        return [*options, *([] if last == "-" else [last])]
    return []

"""The command and the environment of the program."""

import os
from pathlib import Path

import pytest
from opentelemetry.instrumentation.openrouter._cli.environment import program_environment, python_options
from opentelemetry.instrumentation.openrouter._cli.extra import PACKAGE


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["python", "-m", PACKAGE, "run", "app.py"], []),
        (["python", "-X", "dev", "-W", "error", "-m", PACKAGE, "run"], ["-X", "dev", "-W", "error"]),
        (["python", "-B", "-um", f"{PACKAGE}.__main__", "run"], ["-B", "-u"]),
        (["python", "-O", f"-m{PACKAGE}", "run"], ["-O"]),
        (["python", f"-Bum{PACKAGE}", "run"], ["-Bu"]),
        (["python", "tool.py", PACKAGE], []),
    ],
)
def test_options(command: list[str], options: list[str]) -> None:
    """The options of the interpreter are those before `-m`."""
    assert python_options(command) == options


def test_environment() -> None:
    """The folder of `sitecustomize` is first on the path; the rest is inherited."""
    environment = program_environment({"PYTHONPATH": "a", "B": "b", "_OPENROUTER_RUN_OTLP": "x"}, Path("calls"), None)
    folder, rest = environment["PYTHONPATH"].split(os.pathsep)
    assert [file.name for file in Path(folder).glob("*.py")] == ["sitecustomize.py"]
    assert rest == "a"
    assert {name: value for name, value in environment.items() if name != "PYTHONPATH"} == {
        "B": "b",
        "_OPENROUTER_RUN_CALLS": "calls",
    }
    environment = program_environment({}, Path("calls"), "http://x")
    assert environment["PYTHONPATH"] == folder
    assert environment["_OPENROUTER_RUN_OTLP"] == "http://x"

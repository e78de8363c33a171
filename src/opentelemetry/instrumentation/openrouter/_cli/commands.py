"""The commands of `python -m opentelemetry.instrumentation.openrouter`, each a file of this folder."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from ..version import __version__
from . import doctor, run
from .extra import PACKAGE


class Command(Protocol):
    """What the file of a command defines."""

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - a constant of the file
        """One line for the list of commands."""
        ...

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        ...

    def execute(self, arguments: argparse.Namespace) -> int:
        """Run the command; return the exit code."""
        ...


COMMANDS: Final[Mapping[str, Command]] = {
    "run": run,
    "doctor": doctor,
}


def main(arguments: Sequence[str]) -> int:
    """Run the command that *arguments* name; return the exit code. A wrong argument exits with code 2."""
    parser = argparse.ArgumentParser(prog=f"python -m {PACKAGE}", description="OpenTelemetry for OpenRouter.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        command.add_arguments(subparsers.add_parser(name, help=command.SUMMARY, description=command.SUMMARY))
    parsed = parser.parse_args(arguments)
    return COMMANDS[parsed.command].execute(parsed)

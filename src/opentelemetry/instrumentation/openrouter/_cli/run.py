"""The command `run`: runs a program with the instrumentation, and prints a table of its calls at its end.

The program is a child process with nothing of this package below its own frames, so that its output, arguments, exit
code and tracebacks are those of `python app.py`, and its table is printed however it ends.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from .._guard import guarded
from .call_file import CallFile
from .child import end_like, run_child
from .environment import program_environment, python_options
from .extra import REQUIRED, REQUIRED_FOR_OTLP, missing_extra
from .summary import Summary

SUMMARY: Final = "run a program with the instrumentation, and print a table of its calls at its end"
_USAGE: Final = "%(prog)s [options] (app.py | -m module) [arguments ...]"
_WRONG_USE: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options, and the program with its arguments."""
    parser.usage = _USAGE.replace("%(prog)s", parser.prog)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--live", action="store_true", help="print each call as it ends, and the totals at the end")
    parser.add_argument(
        "--otlp", metavar="URL", help="also export spans and metrics over OTLP/HTTP, such as http://localhost:4318"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file instead of standard error"
    )
    parser.add_argument("-m", dest="is_module", action="store_true", help="the program is a module")
    parser.add_argument("program", help="the program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the arguments of the program")


def execute(arguments: argparse.Namespace) -> int:
    """Run the program; return its exit code, or end by the signal that ended it."""
    error = missing_extra([*REQUIRED, *(REQUIRED_FOR_OTLP if arguments.otlp else ())]) or _wrong_flags()
    if error is not None:
        print(error, file=sys.stderr)
        return _WRONG_USE
    program = [*(["-m"] if arguments.is_module else []), arguments.program, *arguments.arguments]
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(arguments.output.open("w")) if arguments.output else _standard_error()
        except OSError as reason:
            print(f"Cannot write to {arguments.output}: {reason.strerror}", file=sys.stderr)
            return _WRONG_USE
        # The program's last children may still write to it.
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="openrouter-", ignore_cleanup_errors=True))
        )
        report = _Report(CallFile(folder / "calls"), stream, as_json=arguments.json, is_live=arguments.live)
        status = run_child(
            [sys.executable, *python_options(sys.orig_argv), *program],
            program_environment(os.environ, folder / "calls", arguments.otlp),
            report.update if arguments.live else None,
        )
        report.finish()
    return end_like(status)


def _standard_error() -> TextIO:
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] - it is closed
        return StringIO()
    return sys.stderr


def _wrong_flags() -> str | None:
    if sys.flags.ignore_environment or sys.flags.no_site:
        return "run needs environment variables and the module site: do not use it with the options -E, -I or -S."
    return None


class _Report:
    """Adds up the calls that arrive, and prints them."""

    def __init__(self, file: CallFile, stream: TextIO, *, as_json: bool, is_live: bool) -> None:
        self._file, self._stream, self._as_json, self._is_live = file, stream, as_json, is_live
        self._summary = Summary()

    @guarded
    def update(self) -> None:
        """Read what has arrived, and print it if it is to be printed at once."""
        from .report import print_call  # noqa: PLC0415 - needs a package of the extra

        for call in self._file.read():
            self._summary.add(call)
            if self._is_live:
                print_call(call, self._stream, as_json=self._as_json)

    @guarded
    def finish(self) -> None:
        """Print the table."""
        from .report import print_json, print_tables  # noqa: PLC0415 - needs a package of the extra

        self.update()
        if not self._as_json:
            print(file=self._stream)
        (print_json if self._as_json else print_tables)(self._summary, self._stream, with_calls=not self._is_live)

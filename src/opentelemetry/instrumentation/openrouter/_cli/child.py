"""Runs the program as a child process: signals pass to it, and its end becomes the end of this process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Final

_SECONDS: Final = 0.1
"""The time between two calls of `look`."""
_FROM_TERMINAL: Final = ("SIGINT", "SIGQUIT")
"""A terminal sends these to all processes in its foreground, also to the program."""
_FORWARDED: Final = (*_FROM_TERMINAL, "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_SHELL_OFFSET: Final = 128
"""A shell reports the end by a signal as this and the number of the signal."""


def run_child(command: Sequence[str], environment: Mapping[str, str], look: Callable[[], None] | None) -> int:
    """Run *command* to its end; return its exit code, or the negative number of the signal that ended it.

    *look* is called from time to time meanwhile.
    """
    early: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def forward(number: int, _: FrameType | None) -> None:
        if process is None:
            early.append(number)
        elif signal.Signals(number).name not in _FROM_TERMINAL or not is_in_foreground():
            process.send_signal(number)

    _handle_signals(forward)
    # The program inherits each open descriptor that is inheritable, as if it had been started without `run`.
    process = subprocess.Popen(command, env=environment, close_fds=False)  # noqa: S603 - the caller's own program
    for number in early:
        forward(number, None)
    if look is None:
        return process.wait()
    while not _has_ended(process):
        look()
    return process.returncode


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the end, but not for long."""
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _handle_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for name in _FORWARDED:
        number = getattr(signal, name, None)
        # A signal that is ignored, as by nohup, is ignored by the program, too.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def is_in_foreground() -> bool:
    """Return whether the terminal sends its signals to this process and to the program alike."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def end_like(status: int) -> int:
    """Return the exit code of a program that ended with *status*; where a signal ended it, end by the same one."""
    if status >= 0:
        return status
    number = -status
    with suppress(ImportError):  # Windows
        import resource  # noqa: PLC0415 - see above

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a second core dump would hide that of the program
    with suppress(OSError):  # SIGKILL and SIGSTOP have no handler
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return _SHELL_OFFSET + number  # the first process of a container is not ended by a signal

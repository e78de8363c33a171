"""The file in which the processes of one `run` leave their calls, one a line.

A file needs no thread, no port and no open descriptor in the program. What a killed process has written remains.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from .calls import Call, call_from_json, call_to_json


def append_call(path: str, call: Call) -> None:
    """Append one call, in one write, so that the lines of several processes do not mix."""
    # Opened each time: a program may close descriptors that it does not know.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{call_to_json(call)}\n".encode())
    finally:
        os.close(descriptor)


class CallFile:
    """Reads the calls that have arrived since the last time."""

    def __init__(self, path: Path) -> None:
        self._path, self._position = path, 0

    def read(self) -> Iterator[Call]:
        """Yield the new calls. A line that is not complete is left for the next time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._position += len(line)
                call = call_from_json(line)
                if call is not None:
                    yield call

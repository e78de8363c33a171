"""Server-sent events: bytes in, JSON out, wherever the bytes are split.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, reduced to
what OpenRouter sends: `data` fields; comments as keep-alives; `[DONE]` at the end.
"""

import re
from collections.abc import Iterator
from typing import Final

from .fields import parse_json

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a trailing \r may be half of a \r\n
_BREAK: Final = re.compile(rb"[\r\n]")
_END: Final = b"[DONE]"


class EventReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        """The pieces of an incomplete line; an image may take a hundred."""
        self._data: list[bytes] = []
        self.done = False
        """`[DONE]` has arrived."""
        self.has_invalid = False
        """Data has arrived that is not JSON."""

    def read(self, piece: bytes) -> Iterator[object]:
        """Yield the events that *piece* completes; data that is not JSON is skipped."""
        self._line.append(piece)
        if len(self._line) > 1 and not self._line[-2].endswith(b"\r") and not _BREAK.search(piece):
            return
        *lines, rest = _LINE_END.split(b"".join(self._line))
        self._line = [rest]
        for line in lines:
            if line:
                field, _, value = line.partition(b":")
                if field == b"data":
                    self._data.append(value.removeprefix(b" "))
                continue
            data, self._data = b"\n".join(self._data), []
            if data == _END:
                self.done = True
            elif data:
                try:
                    yield parse_json(data)
                except ValueError:
                    self.has_invalid = True

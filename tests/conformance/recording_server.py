"""A simulator that records each complete request, and that may send other replies first."""

import re
from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from tests.simulator import Reply, Simulator
from tests.simulator.server import _response

_BOUNDARY: Final = re.compile(rb"boundary=([0-9a-f]{32})")
_RETRY_KEY: Final = re.compile(rb"stainless-python-retry-[0-9a-f-]{36}")


class RecordingServer(Simulator):
    """Records the received requests in order, with query and repeated headers, as plain data."""

    def __init__(self) -> None:
        super().__init__()
        self.first_replies: list[Reply] = []
        """The replies to send before the scenario's."""
        self._requests: list[dict[str, Any]] = []

    @property
    def has_requests(self) -> bool:
        """Return whether a request has been recorded since the last call of `take_requests`."""
        return bool(self._requests)

    def take_requests(self) -> list[dict[str, Any]]:
        """Return and forget the requests recorded since the last call."""
        requests, self._requests = self._requests, []
        self.received.clear()
        return list(_without_randomness(requests))

    async def _infer(self, request: Request) -> Response:
        if not self.first_replies:
            return await super()._infer(request)
        await self._record(request)
        return _response(self.first_replies.pop(0))

    async def _record(self, request: Request) -> bytes:
        body = await super()._record(request)
        scope = request.scope
        self._requests.append(
            {
                "line": (scope["method"], scope["raw_path"], scope["query_string"], scope["http_version"]),
                "headers": list(scope["headers"]),
                "body": body,
            }
        )
        return body


def _without_randomness(requests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Replace random values of the SDK by numbers: all retries of a request must send the same key."""
    numbers: dict[bytes, bytes] = {}

    def number(found: re.Match[bytes]) -> bytes:
        return numbers.setdefault(found[0], b"random-%d" % len(numbers))

    for request in requests:
        headers = [(name, _RETRY_KEY.sub(number, value)) for name, value in request["headers"]]
        body = request["body"]
        for boundary in _BOUNDARY.findall(dict(headers).get(b"content-type", b"")):
            headers = [(name, value.replace(boundary, b"BOUNDARY")) for name, value in headers]
            body = body.replace(boundary, b"BOUNDARY")
        yield {"line": request["line"], "headers": headers, "body": body}

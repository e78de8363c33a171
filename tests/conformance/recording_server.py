"""The simulator, as a witness: it keeps each request whole, query and repeated headers too, and may fail at first."""

import re
from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from tests.simulator import Reply, Simulator
from tests.simulator.server import _response

_BOUNDARY: Final = re.compile(rb"boundary=([0-9a-f]{32})")
_RANDOM: Final = re.compile(rb"stainless-python-retry-[0-9a-f-]{36}")


class Witness(Simulator):
    """Tells what came, in its order, as plain data."""

    def __init__(self) -> None:
        super().__init__()
        self.first: list[Reply] = []
        """What is answered before the scenario is."""
        self._came: list[dict[str, Any]] = []

    def testimony(self) -> list[dict[str, Any]]:
        """All that came since the last time it was asked for."""
        came, self._came = self._came, []
        self.received.clear()
        return list(_without_chance(came))

    async def _infer(self, request: Request) -> Response:
        if not self.first:
            return await super()._infer(request)
        await self._note(request)
        return _response(self.first.pop(0))

    async def _note(self, request: Request) -> bytes:
        body = await super()._note(request)
        scope = request.scope
        self._came.append(
            {
                "line": (scope["method"], scope["raw_path"], scope["query_string"], scope["http_version"]),
                "headers": list(scope["headers"]),
                "body": body,
            }
        )
        return body


def _without_chance(came: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the SDK draws by lot is told by its number: a retry's key must be the same at each try."""
    drawn: dict[bytes, bytes] = {}

    def number(found: re.Match[bytes]) -> bytes:
        return drawn.setdefault(found[0], b"drawn-%d" % len(drawn))

    for each in came:
        headers = [(name, _RANDOM.sub(number, value)) for name, value in each["headers"]]
        body = each["body"]
        for boundary in _BOUNDARY.findall(dict(headers).get(b"content-type", b"")):
            headers = [(name, value.replace(boundary, b"BOUNDARY")) for name, value in headers]
            body = body.replace(boundary, b"BOUNDARY")
        yield {"line": each["line"], "headers": headers, "body": body}

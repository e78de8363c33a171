"""Where a call's telemetry begins: the tracer, the logger and the instruments of one `instrument()`.

What is known of a call at its start becomes its attributes here; the rest of its life is in `_call`.
"""

from collections.abc import Mapping
from typing import Final

from opentelemetry._logs import Logger
from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer

from .. import attributes as names
from .._config import Settings
from .._operations import Operation
from .._wire.fields import Attributes
from .call import Call
from .captured_content import CapturedContent
from .enclosing_span import Origin, Origins
from .metrics import Instruments, Points
from .outlets import Outlets


class Recorder:
    """Where one `instrument()` records: a tracer, a logger, the instruments."""

    def __init__(self, tracer: Tracer, meter: Meter, logger: Logger, settings: Settings) -> None:
        self._outlets = Outlets(tracer, logger, settings.dialect, links=settings.broadcast == "link")
        self._capture, self._metric_attributes = settings.capture, settings.metric_attributes
        self.origins = Origins(settings.baggage_keys)
        self.instruments = Instruments(meter)

    def start(
        self,
        operation: Operation,
        server: Attributes,
        request: Attributes,
        body: Mapping[str, object],
        origin: Origin,
    ) -> Call:
        """Open the span of one call, or join its neighbour's, with everything that its request tells, for samplers.

        Args:
            operation: what kind of call it is.
            server: `server.address` and `server.port`.
            request: the attributes of the request.
            body: the request itself; looked at only where content is captured.
            origin: where it comes from.
        """
        name = operation.name
        model = request.get(names.GEN_AI_REQUEST_MODEL)
        point: Attributes = {names.GEN_AI_OPERATION_NAME: name, names.GEN_AI_PROVIDER_NAME: "openrouter"}
        attributes = {**point, **server, **operation.implied, **origin.carried, **request}
        if model is not None:
            point[names.GEN_AI_REQUEST_MODEL] = model
            name = f"{name} {model}"
        for chosen in self._metric_attributes:
            if chosen in attributes:
                point[chosen] = attributes[chosen]
        unrecorded = origin.neighbour.records if origin.neighbour is not None else _NONE
        call = Call(self._outlets, name, attributes, Points(self.instruments, point, server, unrecorded), origin)
        if self._capture is not None and (self._capture.on_event or call.is_recording):
            call.content = CapturedContent(self._capture, operation, body, call.answer)
        return call


_NONE: Final[frozenset[str]] = frozenset()

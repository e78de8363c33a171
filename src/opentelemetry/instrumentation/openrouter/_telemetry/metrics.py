"""The metrics: their names, units and buckets, and what each is given of one call.

Units and buckets are those of the official instrumentor (opentelemetry-util-genai 1.3b0), so that both can feed one
dashboard. When something is recorded is the recorder's matter.
"""

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.metrics import Histogram, Meter

from .. import attributes as names
from .._wire.fields import Attributes
from .._wire.response import Answer

_SECONDS: Final = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_TOKENS: Final = [float(4**power) for power in range(14)]
_DOLLARS: Final = [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]


class Instruments:
    """The histograms of one `instrument()`."""

    def __init__(self, meter: Meter) -> None:
        self.duration = _histogram(meter, names.METRIC_DURATION, "s", "Duration of GenAI client operation", _SECONDS)
        self.tokens = _histogram(
            meter, names.METRIC_TOKEN_USAGE, "{token}", "Input and output tokens used by GenAI clients", _TOKENS
        )
        self.first_chunk = _histogram(
            meter, names.METRIC_TIME_TO_FIRST_CHUNK, "s", "Time from the request to the first chunk", _SECONDS
        )
        self.chunk_gap = _histogram(
            meter, names.METRIC_TIME_PER_OUTPUT_CHUNK, "s", "Time from one chunk of a stream to the next", _SECONDS
        )
        self.cost = _histogram(
            meter, names.METRIC_COST, "USD", "What a call cost its owner, as OpenRouter accounts it", _DOLLARS
        )


class Points:
    """The points of one call.

    Each has a dict of its own: older SDKs keep the very one they are given.
    """

    __slots__ = ("_instruments", "_point", "_server", "_unrecorded")

    def __init__(
        self, instruments: Instruments, point: Attributes, server: Attributes, unrecorded: frozenset[str]
    ) -> None:
        """Args: unrecorded: the metrics, by name, that a neighbour records itself."""
        self._instruments, self._point, self._server, self._unrecorded = instruments, point, server, unrecorded

    def take_over(self, metrics: frozenset[str]) -> None:
        """The neighbour does not record these after all."""
        self._unrecorded -= metrics

    def attributes(self, answer: Answer) -> Attributes:
        """What all points of the call carry."""
        point = self._point.copy()
        if answer.provider is not None:
            point[names.OPENROUTER_PROVIDER_NAME] = answer.provider
        if names.OPENROUTER_CACHE_STATUS in answer.facts:  # what cost nothing because it was cached is not free
            point[names.OPENROUTER_CACHE_STATUS] = answer.facts[names.OPENROUTER_CACHE_STATUS]
        return point

    def record_gaps(self, gaps: list[float], answer: Answer, context: Context) -> None:
        """Record the seconds between chunks: the longest as an exemplar of this call, the others outside any span."""
        if not gaps or names.METRIC_TIME_PER_OUTPUT_CHUNK in self._unrecorded:
            return
        record, point = self._instruments.chunk_gap.record, self.attributes(answer)
        record(gaps.pop(gaps.index(max(gaps))), point, context)
        for gap in gaps:
            record(gap, point, _NO_SPAN)

    def record_end(
        self,
        found: Mapping[str, Any],
        answer: Answer,
        seconds: float,
        first_chunk: float | None,
        context: Context,
    ) -> None:
        """Record what is known when the call has ended.

        Args:
            found: the attributes of the answer.
            answer: the answer itself.
            seconds: the duration of the call.
            first_chunk: the seconds to its first chunk.
            context: the call's.
        """
        instruments, unrecorded, point = self._instruments, self._unrecorded, self.attributes(answer)
        if answer.model is not None:
            point[names.GEN_AI_RESPONSE_MODEL] = answer.model
        if names.METRIC_TOKEN_USAGE not in unrecorded:
            for kind, name in _TOKEN_TYPES:
                if name in found:
                    instruments.tokens.record(found[name], {**point, names.GEN_AI_TOKEN_TYPE: kind}, _NO_SPAN)
        if first_chunk is not None and names.METRIC_TIME_TO_FIRST_CHUNK not in unrecorded:
            instruments.first_chunk.record(first_chunk, {**point, **self._server}, context)
        if names.ERROR_TYPE in found:
            point = {**point, names.ERROR_TYPE: found[names.ERROR_TYPE]}
        if names.GEN_AI_USAGE_COST in found:
            instruments.cost.record(found[names.GEN_AI_USAGE_COST], point, context)
        if names.METRIC_DURATION not in unrecorded:
            instruments.duration.record(seconds, {**point, **self._server}, context)


def _histogram(meter: Meter, name: str, unit: str, description: str, buckets: list[float]) -> Histogram:
    return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=buckets)


_TOKEN_TYPES: Final = (("input", names.GEN_AI_USAGE_INPUT_TOKENS), ("output", names.GEN_AI_USAGE_OUTPUT_TOKENS))

# A context without a span, so that a point is no exemplar. An empty context would not do: it is false, and the SDK
# would take the current one (opentelemetry/sdk/metrics/_internal/instrument.py, Histogram.record).
_NO_SPAN: Final = Context({"opentelemetry.instrumentation.openrouter": "no span"})

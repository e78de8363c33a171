"""The metrics: names, units and buckets, and the points of one call.

Units and buckets equal those of the official instrumentation (opentelemetry-util-genai 1.3b0), so that both can feed
one dashboard. `call` decides when something is recorded.
"""

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.metrics import Histogram, Meter

from .. import attributes as names
from .._wire.fields import Attributes
from .._wire.response import ResponseRecord

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
            meter, names.METRIC_COST, "USD", "Cost of the call in USD as billed by OpenRouter", _DOLLARS
        )


class CallMetrics:
    """The points of one call.

    Each point has a dict of its own, because older SDKs keep the one that they are given.
    """

    __slots__ = ("_attributes", "_instruments", "_server", "_skipped")

    def __init__(
        self, instruments: Instruments, attributes: Attributes, server: Attributes, skipped: frozenset[str]
    ) -> None:
        """Hold what is known of the call at its start.

        Args:
            instruments: the histograms.
            attributes: the attributes of every point.
            server: `server.address` and `server.port`.
            skipped: the names of metrics that an enclosing instrumentation records itself.
        """
        self._instruments, self._attributes, self._server, self._skipped = instruments, attributes, server, skipped

    def resume(self, metrics: frozenset[str]) -> None:
        """Record *metrics* after all."""
        self._skipped -= metrics

    def metric_attributes(self, record: ResponseRecord) -> Attributes:
        """Return the attributes of every point, as far as *record* is known."""
        attributes = self._attributes.copy()
        if record.provider is not None:
            attributes[names.OPENROUTER_PROVIDER_NAME] = record.provider
        if names.OPENROUTER_CACHE_STATUS in record.attributes:  # a cache hit costs nothing, and is not a free model
            attributes[names.OPENROUTER_CACHE_STATUS] = record.attributes[names.OPENROUTER_CACHE_STATUS]
        return attributes

    def record_gaps(self, gaps: list[float], record: ResponseRecord, context: Context) -> None:
        """Record the seconds between chunks: the longest as an exemplar of this call, the others outside any span."""
        if names.METRIC_TIME_PER_OUTPUT_CHUNK in self._skipped:
            return
        record_gap, attributes = self._instruments.chunk_gap.record, self.metric_attributes(record)
        record_gap(gaps.pop(gaps.index(max(gaps))), attributes, context)
        for gap in gaps:
            record_gap(gap, attributes, _NO_SPAN)

    def record_end(
        self,
        response: Mapping[str, Any],
        record: ResponseRecord,
        seconds: float,
        first_chunk: float | None,
        context: Context,
    ) -> None:
        """Record the points of a call that has ended.

        Args:
            response: the attributes of the response, and of the error if there is one.
            record: the response.
            seconds: the duration of the call.
            first_chunk: the seconds to its first chunk.
            context: the context of the call, for exemplars.
        """
        instruments, skipped, attributes = self._instruments, self._skipped, self.metric_attributes(record)
        if record.model is not None:
            attributes[names.GEN_AI_RESPONSE_MODEL] = record.model
        if names.METRIC_TOKEN_USAGE not in skipped:
            for kind, name in _TOKEN_TYPES:
                if name in response:
                    instruments.tokens.record(response[name], {**attributes, names.GEN_AI_TOKEN_TYPE: kind}, _NO_SPAN)
        if first_chunk is not None and names.METRIC_TIME_TO_FIRST_CHUNK not in skipped:
            instruments.first_chunk.record(first_chunk, {**attributes, **self._server}, context)
        if names.ERROR_TYPE in response:
            attributes = {**attributes, names.ERROR_TYPE: response[names.ERROR_TYPE]}
        if names.GEN_AI_USAGE_COST in response:
            instruments.cost.record(response[names.GEN_AI_USAGE_COST], attributes, context)
        if names.METRIC_DURATION not in skipped:
            instruments.duration.record(seconds, {**attributes, **self._server}, context)


def _histogram(meter: Meter, name: str, unit: str, description: str, buckets: list[float]) -> Histogram:
    return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=buckets)


_TOKEN_TYPES: Final = (("input", names.GEN_AI_USAGE_INPUT_TOKENS), ("output", names.GEN_AI_USAGE_OUTPUT_TOKENS))

# A context without a span, so that the point is not an exemplar. An empty context would not do: it is falsy, so the
# SDK would use the current one (opentelemetry/sdk/metrics/_internal/instrument.py, Histogram.record).
_NO_SPAN: Final = Context({"opentelemetry.instrumentation.openrouter": "no span"})

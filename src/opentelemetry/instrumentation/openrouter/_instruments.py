"""The instruments of the metrics: their names, units and buckets.

Units and buckets are those of the official instrumentor (opentelemetry-util-genai 1.3b0), so that both can feed one
dashboard. What is recorded, and when, is the recorder's matter.
"""

from typing import Final

from opentelemetry.metrics import Histogram, Meter

from . import attributes as names

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


def _histogram(meter: Meter, name: str, unit: str, description: str, buckets: list[float]) -> Histogram:
    return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=buckets)

"""The other instrumentors of LiteLLM, whose requests are traced at its HTTP libraries."""

from collections.abc import Mapping
from typing import Final

from tests.interop.instrumentors.instrumentor import Instrumentor, Limit, instrumentor, logfire, uninstrument

_LITELLM: Final = "litellm == 1.110.2"
_OPENINFERENCE: Final = "openinference-instrumentation-litellm == 0.1.51"
_SUPPRESSED: Final = (
    "it suppresses other instrumentations during the call and does not make its span current, so there is no span to "
    "enrich, and the cost is not recorded; it does not count the tokens of streams"
)

INSTRUMENTORS: Final[Mapping[str, Instrumentor]] = {
    "litellm-openllmetry": Instrumentor(
        "OpenLLMetry",
        "litellm",
        ("opentelemetry-instrumentation-litellm == 0.62.4", _LITELLM),
        instrumentor("opentelemetry.instrumentation.litellm", "LiteLLMInstrumentor"),
        (
            Limit(r"completion .*stream", 1, _SUPPRESSED, has_cost=False, tokens=0),
            Limit(r"(completion|embedding) .*", 1, _SUPPRESSED, has_cost=False),
        ),
    ),
    "litellm-openinference": Instrumentor(
        "OpenInference",
        "litellm",
        (_OPENINFERENCE, _LITELLM),
        instrumentor("openinference.instrumentation.litellm", "LiteLLMInstrumentor"),
    ),
    "litellm-logfire": Instrumentor(
        "Logfire",
        "litellm",
        ("logfire == 5.4.0", _OPENINFERENCE, _LITELLM),
        logfire(
            "instrument_litellm",
            disable=uninstrument(("openinference.instrumentation.litellm", "LiteLLMInstrumentor")),
        ),
    ),
}

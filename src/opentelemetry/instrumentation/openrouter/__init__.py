"""OpenTelemetry instrumentation for OpenRouter, as Python programs reach it: by the OpenAI SDK, or by its own.

The manifest: what it needs, what it patches, what it accepts.

Usage::

    from openai import OpenAI
    from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

    OpenRouterInstrumentor().instrument()
    client = OpenAI(base_url="https://openrouter.ai/api/v1", api_key="...")

Each call then gives one span with the model and the upstream provider that answered, the tokens, the real cost, the
times and the errors; `attributes` has all names. Clients of other hosts are left alone.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import get_logger, get_logger_provider
from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.metrics import get_meter, get_meter_provider
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import get_tracer, get_tracer_provider

from ._api.budget import budget_of
from ._api.settlement import Settlement
from ._clients.openrouter import OpenRouterSeam
from ._config import Settings, read_settings
from ._guard import logger
from ._telemetry.recorder import Recorder
from .version import __version__

if TYPE_CHECKING:
    from ._clients.base import Seam

__all__ = ["OpenRouterInstrumentor", "__version__"]

_SCHEMA = Schemas.V1_37_0.value
_OPENAI = "openai >= 1.26.0, < 4"
_OPENROUTER = "openrouter >= 0.9.2, < 2"
_SDKS = (_OPENAI, _OPENROUTER)


class OpenRouterInstrumentor(BaseInstrumentor):
    """Traces OpenRouter calls; one for a process, as all instrumentors."""

    _seams: "tuple[Seam, ...]" = ()

    def instrumentation_dependencies(self) -> Collection[str]:
        """The SDKs it works with, those of them that are here; the ranges are those of the extra `instruments-any`."""
        here = [sdk for sdk in _SDKS if get_dependency_conflicts([sdk]) is None]
        return here or _SDKS[:1]

    def _instrument(self, **kwargs: Any) -> None:  # noqa: D417 - each keyword is described
        """Patch `openai.OpenAI.request` and `AsyncOpenAI.request`, and `openrouter.basesdk.BaseSDK.do_request`.

        Keyword Args:
            tracer_provider: a `TracerProvider`; the global one where it is not given.
            meter_provider: a `MeterProvider`; the global one where it is not given.
            logger_provider: a `LoggerProvider`, for the event that carries content; the global one where it is not
                given.
            base_urls: further base URLs that are OpenRouter, a list of strings.
            capture_content: `no_content` (the default), `span_only`, `event_only` or `span_and_event`;
                `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` where it is not given.
            content_max_length: so many characters are kept of each captured text.
            redact: a function that is given each captured text and returns what may be told of it.
            baggage_keys: further baggage entries that become attributes, beside `user.id` and `session.id`.
            metric_attributes: attributes of a request that its metrics carry too; each value of one is a series more.
            dialects: names of backends whose own words are added to each span: `arize`, `datadog`, `langfuse`,
                `langsmith`, `logfire`, `mlflow`, `phoenix`, `posthog`, `sentry`.
            broadcast: `link` each span to the trace that OpenRouter Broadcast sends for it; or `join`: send the ids of
                our span along, so that those land in our trace; `off` by default.
            settle: ask OpenRouter, in the background, what a stream cost that was cut before it told; its span waits
                for that; True or False (the default).
            budget: ask OpenRouter, with the key of the calls and once a minute at most, what is left of its budget,
                and tell it as gauges; True or False (the default).

        Lists may be one comma-separated string. Where an option is not given, `OTEL_INSTRUMENTATION_OPENROUTER_` and
        its name in capitals is read.
        """
        settings = read_settings(
            base_urls=kwargs.get("base_urls"),
            capture_content=kwargs.get("capture_content"),
            content_max_length=kwargs.get("content_max_length"),
            redact=kwargs.get("redact"),
            baggage_keys=kwargs.get("baggage_keys"),
            metric_attributes=kwargs.get("metric_attributes"),
            dialects=kwargs.get("dialects"),
            budget=kwargs.get("budget"),
            settle=kwargs.get("settle"),
            broadcast=kwargs.get("broadcast"),
        )
        _warn_of_other_versions()
        self._seams = tuple(_seams(kwargs, settings, self.instrumentation_dependencies()))
        for seam in self._seams:
            seam.open()

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002 - the signature of the base
        for seam in self._seams:
            seam.close()
        self._seams = ()


def _seams(given: Mapping[str, Any], settings: Settings, sdks: Collection[str]) -> "Iterator[Seam]":
    meter = get_meter(__name__, __version__, given.get("meter_provider"), _SCHEMA)
    recorder = Recorder(
        get_tracer(__name__, __version__, given.get("tracer_provider"), _SCHEMA),
        meter,
        get_logger(__name__, __version__, given.get("logger_provider"), _SCHEMA),
        settings,
    )
    budget = budget_of(meter) if settings.budget else None
    settlement = Settlement(partial(_providers, given)) if settings.settle else None
    for kind in _kinds_of_seams(sdks):
        yield kind(recorder, settings, budget, settlement)


def _providers(given: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Those that are recorded to, as of now."""
    return (
        given.get("tracer_provider") or get_tracer_provider(),
        given.get("meter_provider") or get_meter_provider(),
        given.get("logger_provider") or get_logger_provider(),
    )


def _warn_of_other_versions() -> None:
    for sdk in _SDKS:
        conflict = get_dependency_conflicts([sdk])
        if conflict is not None and conflict.found:
            logger.warning("%s is installed, but only %s is instrumented.", conflict.found, sdk)


def _kinds_of_seams(sdks: Collection[str]) -> "Iterator[type[Seam]]":
    if _OPENAI in sdks:
        # Here and not above: this module must load, and say clearly what is missing, where there is no SDK.
        from ._clients.stainless import OpenAISeam  # noqa: PLC0415 - see above

        yield OpenAISeam
    if _OPENROUTER in sdks:
        yield OpenRouterSeam

"""One real call with an installed client, and the span that it makes, without content.

Nothing is exported: the span goes to a provider of its own. Options that send requests of their own are off.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
from opentelemetry.metrics import NoOpMeterProvider

from ... import OpenRouterInstrumentor
from ... import attributes as names
from ..._clients import INSTRUMENTATIONS
from ..._config import Settings
from ..extra import DISTRIBUTION
from .findings import Cause, Findings, note, ok, problem, warning
from .options import Options, silenced
from .versions import has_sdk

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

DEFAULT_BASE_URL: Final = "https://openrouter.ai/api/v1"
KEY_VARIABLE: Final = "OPENROUTER_API_KEY"
_TIMEOUT: Final = 60
_MESSAGES: Final = [{"role": "user", "content": "Reply with one word."}]
_MAX_TOKENS: Final = 16
_MAX_LENGTH: Final = 200
"""The number of characters that are shown of a value."""


def _call_openai(module: Any, base_url: str, key: str, body: Mapping[str, Any]) -> None:
    with module.OpenAI(base_url=base_url, api_key=key, timeout=_TIMEOUT, max_retries=0) as client:
        client.chat.completions.create(**body)


def _call_http(module: Any, base_url: str, key: str, body: Mapping[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{base_url.rstrip('/')}/chat/completions"
    module.post(url, json=body, headers=headers, timeout=_TIMEOUT).raise_for_status()


_CALLS: Final[Mapping[str, Callable[[Any, str, str, Mapping[str, Any]], None]]] = {
    "openai": _call_openai,
    "httpx": _call_http,
    "httpx2": _call_http,
    "requests": _call_http,
}


def check_call(options: Options, base_url: str, model: str) -> Findings:
    """Make the call, and show its span."""
    key = os.environ.get(KEY_VARIABLE, "")
    client = _client(options.settings)
    if not has_sdk():
        yield problem(Cause.NO_SDK, f"No call is made without opentelemetry-sdk: pip install '{DISTRIBUTION}[cli]'")
    elif not key:
        yield problem(Cause.NO_API_KEY, f"No call is made, because {KEY_VARIABLE} is not set: set it to an API key.")
    elif client is None:
        yield problem(
            Cause.NO_CLIENT, f"No call is made, because none of {', '.join(_CALLS)} is instrumented: install one."
        )
    else:
        error, spans = _make_call(client, options, base_url, key, model)
        if error is not None:
            yield problem(Cause.CALL_FAILED, _failure(error, client))
        yield from _show(spans, client, options.settings, has_failed=error is not None)


def _client(settings: Settings) -> str | None:
    """Return the first client that is installed, in its range and selected."""
    by_package = {
        instrumentation.requirement.partition(" ")[0]: instrumentation.requirement
        for name, group in INSTRUMENTATIONS.items()
        if name in settings.clients
        for instrumentation in group
    }
    usable = (name for name in _CALLS if name in by_package and get_dependency_conflicts([by_package[name]]) is None)
    return next(usable, None)


def _make_call(
    client: str, options: Options, base_url: str, key: str, model: str
) -> "tuple[Exception | None, Sequence[ReadableSpan]]":
    body = {"model": model, "messages": _MESSAGES, "max_tokens": _MAX_TOKENS}
    with _recorded(options) as spans:
        try:
            _CALLS[client](import_module(client), base_url, key, body)
        except Exception as error:
            return error, spans
    return None, spans


@contextmanager
def _recorded(options: Options) -> "Generator[list[ReadableSpan], None, None]":
    """Instrument this process for a provider of its own, and collect its spans."""
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider  # noqa: PLC0415 - may be missing
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 - as above

    spans: list[ReadableSpan] = []

    class Collector(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            spans.append(span)

    provider = TracerProvider(sampler=ALWAYS_ON)
    provider.add_span_processor(Collector())
    instrumentor = OpenRouterInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:  # the process ends after this
        instrumentor.uninstrument()
    own: dict[str, Any] = {
        "tracer_provider": provider,
        "meter_provider": NoOpMeterProvider(),
        "logger_provider": NoOpLoggerProvider(),
        "capture_content": False,
        "settle": False,
        "budget": False,
        "broadcast": "off",
    }
    with silenced():
        instrumentor.instrument(**{**options.given, **own})
        try:
            yield spans
        finally:
            instrumentor.uninstrument()


def _failure(error: Exception, client: str) -> str:
    """Return one sentence without the text of the error, which may contain a part of the key."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is None:
        return f"The call by {client} failed with {type(error).__name__}: check the base URL and the network."
    cure = f"check {KEY_VARIABLE}" if status in (401, 403) else "check the model and the base URL"
    return f"The call by {client} failed with the status {status}: {cure}."


def _show(spans: "Sequence[ReadableSpan]", client: str, settings: Settings, *, has_failed: bool) -> Findings:
    if not spans:
        yield problem(
            Cause.NO_SPAN,
            f"The call by {client} has no span: read the problems above, of the base URL and of the SDK first.",
        )
        return
    for span in spans:
        attributes = span.attributes or {}
        yield ok(f"the call by {client} made the span {span.name!r}")
        for name, value in sorted(attributes.items()):
            origin = " (dialect)" if name in settings.dialect else ""
            yield note(f"  {name} = {str(value)[:_MAX_LENGTH]}{origin}")
        if names.GEN_AI_USAGE_COST not in attributes and not has_failed:
            yield warning(
                Cause.NO_COST,
                "The response has no cost, because the server did not send usage.cost: check that the base URL is "
                "OpenRouter, or a gateway that passes its response on unchanged.",
            )

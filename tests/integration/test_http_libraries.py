"""httpx, httpx2, requests, aiohttp and lm15: each scenario gives the span of the OpenAI SDK, in every way of reading."""

import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import ENDPOINTS
from tests.http_calling_styles import NON_STREAMED, READ, Style, outcome
from tests.scenarios import REQUEST_ATTRIBUTES, SCENARIOS, ExpectedSpan, Scenario
from tests.simulator import Simulator
from tests.telemetry import Telemetry, expected_span, span_data

pytestmark = pytest.mark.exhaustive

# One style of each observed method; `test_every_way_of_reading` has all of them.
SOME: Mapping[str, Style] = {
    **{
        name: NON_STREAMED[name]
        for name in ("httpx post", "httpx2 async post", "requests post", "aiohttp data")
        if name in NON_STREAMED
    },
    **{
        name: READ[name]
        for name in (
            "httpx iter_lines",
            "httpx aiter_raw",
            "requests iter_lines",
            "requests raw.read",
            "aiohttp readline",
            "lm15 iter_lines",
            "lm15 aread",
        )
    },
}
FORMS = ("transcription",)  # the body is a form, which has no JSON


def _cases() -> Iterator[Any]:
    for endpoint, table in SCENARIOS.items():
        for name, scenario in table.items() if endpoint in ENDPOINTS and endpoint not in FORMS else ():
            for expected, streamed in ((scenario.non_streamed, False), (scenario.streamed, True)):
                for style_name, style in SOME.items() if expected is not None else ():
                    kind = "streamed" if streamed else "plain"
                    yield pytest.param(
                        ENDPOINTS[endpoint].path,
                        scenario.reply_name or name,
                        scenario,
                        style,
                        expected,
                        streamed,
                        id=f"{endpoint}-{name}-{kind}-{style_name}",
                    )


def body_of(scenario: Scenario, *, streamed: bool) -> dict[str, Any]:
    request = scenario.request
    extra = request.get("extra_body", {})
    return {
        **{key: value for key, value in request.items() if key != "extra_body"},
        **extra,
        **({"stream": True} if streamed else {}),
    }


@pytest.mark.parametrize(("path", "reply_name", "scenario", "style", "expected", "streamed"), list(_cases()))
def test_scenarios(
    telemetry: Telemetry,
    openrouter: Simulator,
    path: str,
    reply_name: str,
    scenario: Scenario,
    style: Style,
    expected: ExpectedSpan,
    streamed: bool,
) -> None:
    """The span equals that of the OpenAI SDK, and the caller's result is unchanged."""
    url = openrouter.base_url(reply_name) + path
    body = body_of(scenario, streamed=streamed)
    result = outcome(style, url, body)
    span = telemetry.one_span()
    request_attributes: dict[str, Any] = {
        **REQUEST_ATTRIBUTES,
        **scenario.request_attributes,
        "server.port": urllib.parse.urlsplit(url).port,
        **({"gen_ai.request.stream": True} if streamed else {}),
    }
    assert span_data(span) == expected_span(
        f"{request_attributes['gen_ai.operation.name']} openai/gpt-4o-mini",
        {**request_attributes, **expected.attributes},
        status=expected.status,
        description=expected.description,
    )
    assert "canary" not in str(span_data(span))
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(style, url, body)
    assert telemetry.raw_spans == [span]

"""Each scenario in each calling style: the complete span is as expected, and the caller's result is unchanged."""

import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import CallingStyle, outcome, styles_of
from tests.scenarios import REQUEST_ATTRIBUTES, SCENARIOS, ExpectedSpan, Scenario
from tests.simulator import Simulator
from tests.telemetry import Telemetry, expected_span, span_data

pytestmark = pytest.mark.exhaustive


def _cases(*, streamed: bool) -> Iterator[Any]:
    for endpoint, table in SCENARIOS.items():
        for name, scenario in table.items():
            expected = scenario.streamed if streamed else scenario.non_streamed
            for style_name, style in styles_of(endpoint)[streamed].items() if expected is not None else ():
                if not scenario.supports_parse and {"parse", "helper"} & {*style_name.split()}:
                    continue
                yield pytest.param(
                    scenario.reply_name or name, scenario, style, expected, id=f"{endpoint}-{name}-{style_name}"
                )


def _check(
    telemetry: Telemetry,
    openrouter: Simulator,
    reply_name: str,
    scenario: Scenario,
    style: CallingStyle,
    expected: ExpectedSpan,
) -> None:
    base_url = openrouter.base_url(reply_name)
    result = outcome(style, base_url, scenario.request)
    span = telemetry.one_span()
    request_attributes: dict[str, Any] = {
        **REQUEST_ATTRIBUTES,
        **scenario.request_attributes,
        "server.port": urllib.parse.urlsplit(base_url).port,
    }
    assert span_data(span) == expected_span(
        f"{request_attributes['gen_ai.operation.name']} openai/gpt-4o-mini",
        {**request_attributes, **expected.attributes},
        status=expected.status,
        description=expected.description,
    )
    assert "secret" not in str(span_data(span))
    assert "canary" not in str(span_data(span))
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(style, base_url, scenario.request)
    assert telemetry.raw_spans == [span]


@pytest.mark.parametrize(("reply_name", "scenario", "style", "expected"), list(_cases(streamed=False)))
def test_non_streamed(
    telemetry: Telemetry,
    openrouter: Simulator,
    reply_name: str,
    scenario: Scenario,
    style: CallingStyle,
    expected: ExpectedSpan,
) -> None:
    """A non-streamed call produces one complete span, in every calling style."""
    _check(telemetry, openrouter, reply_name, scenario, style, expected)


@pytest.mark.parametrize(("reply_name", "scenario", "style", "expected"), list(_cases(streamed=True)))
def test_streamed(
    telemetry: Telemetry,
    openrouter: Simulator,
    reply_name: str,
    scenario: Scenario,
    style: CallingStyle,
    expected: ExpectedSpan,
) -> None:
    """A stream read to its end produces the span of the non-streamed call, plus the attributes of a stream."""
    attributes = {**expected.attributes, "gen_ai.request.stream": True}
    _check(
        telemetry,
        openrouter,
        reply_name,
        scenario,
        style,
        ExpectedSpan(attributes, expected.status, expected.description),
    )

"""Each scenario in each colour: the whole span is equal, and the caller gets what it gets without us."""

import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import Way, outcome, ways
from tests.scenarios import ASKED, SCENARIOS, Expected, Scenario
from tests.simulator import Simulator
from tests.telemetry import Telemetry, expected, seen


def _cases(*, streamed: bool) -> Iterator[Any]:
    for endpoint, table in SCENARIOS.items():
        for name, scenario in table.items():
            said = scenario.streamed if streamed else scenario.whole
            for colour, way in ways(endpoint)[streamed].items() if said is not None else ():
                if not scenario.parses and {"parse", "helper"} & {*colour.split()}:
                    continue
                yield pytest.param(scenario.exchange or name, scenario, way, said, id=f"{endpoint}-{name}-{colour}")


def _check(
    telemetry: Telemetry, openrouter: Simulator, exchange: str, scenario: Scenario, way: Way, said: Expected
) -> None:
    base_url = openrouter.base_url(exchange)
    got = outcome(way, base_url, scenario.request)
    span = telemetry.one_span()
    asked: dict[str, Any] = {**ASKED, **scenario.asked, "server.port": urllib.parse.urlsplit(base_url).port}
    assert seen(span) == expected(
        f"{asked['gen_ai.operation.name']} openai/gpt-4o-mini",
        {**asked, **said.attributes},
        status=said.status,
        description=said.description,
    )
    assert "secret" not in str(seen(span))
    assert "canary" not in str(seen(span))
    OpenRouterInstrumentor().uninstrument()
    assert got == outcome(way, base_url, scenario.request)
    assert telemetry.raw_spans == [span]


@pytest.mark.parametrize(("exchange", "scenario", "way", "said"), list(_cases(streamed=False)))
def test_whole(
    telemetry: Telemetry, openrouter: Simulator, exchange: str, scenario: Scenario, way: Way, said: Expected
) -> None:
    """A whole answer gives one whole span, whichever way it was asked for."""
    _check(telemetry, openrouter, exchange, scenario, way, said)


@pytest.mark.parametrize(("exchange", "scenario", "way", "said"), list(_cases(streamed=True)))
def test_streamed(
    telemetry: Telemetry, openrouter: Simulator, exchange: str, scenario: Scenario, way: Way, said: Expected
) -> None:
    """A stream read to its end gives the same span as the whole answer, and what only a stream has."""
    attributes = {**said.attributes, "gen_ai.request.stream": True}
    _check(telemetry, openrouter, exchange, scenario, way, Expected(attributes, said.status, said.description))

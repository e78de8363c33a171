"""`/messages` by httpx, httpx2, requests and aiohttp: each scenario gives the span of the Anthropic SDK."""

import asyncio
import json
import urllib.parse
from collections.abc import Iterator
from typing import Any, Final

import aiohttp
import httpx
import pytest
import requests
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.http_calling_styles import Style, outcome
from tests.integration.test_content import event_content, span_content
from tests.integration.test_http_libraries import SOME, body_of
from tests.scenarios import REQUEST_ATTRIBUTES, SCENARIOS, ExpectedSpan, Scenario
from tests.scenarios.messages import HELLO, REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry, expected_span, span_data

STREAM: Final[dict[str, Any]] = {**REQUEST, "stream": True}
KEY: Final = {"x-api-key": "sk-or-settle", "anthropic-version": "2023-06-01"}


def _cases() -> Iterator[Any]:
    for name, scenario in SCENARIOS["messages"].items():
        for streamed, expected in ((False, scenario.non_streamed), (True, scenario.streamed)):
            for style_name, style in SOME.items() if expected is not None else ():
                kind = "streamed" if streamed else "plain"
                reply_name = scenario.reply_name or name
                yield pytest.param(reply_name, scenario, style, expected, streamed, id=f"{name}-{kind}-{style_name}")


@pytest.mark.parametrize(("reply_name", "scenario", "style", "expected", "streamed"), list(_cases()))
def test_scenarios(
    telemetry: Telemetry,
    openrouter: Simulator,
    reply_name: str,
    scenario: Scenario,
    style: Style,
    expected: ExpectedSpan,
    streamed: bool,
) -> None:
    """The span and the content equal those of the Anthropic SDK, and the caller's result is unchanged."""
    url = openrouter.base_url(reply_name) + "/messages"
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
        "chat openai/gpt-4o-mini",
        {**request_attributes, **expected.attributes},
        status=expected.status,
        description=expected.description,
    )
    assert "canary" not in str(span_data(span))
    assert "secret" not in str(span_data(span))
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(style, url, body)
    assert telemetry.raw_spans == [span]


@pytest.mark.parametrize("style", SOME)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", ["every_request_part", "every_part", "error_in_stream"])
def test_content(telemetry: Telemetry, openrouter: Simulator, name: str, streamed: bool, style: str) -> None:
    """The content is that of an SDK's call, on the span and on the event."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    scenario = SCENARIOS["messages"][name]
    expected = scenario.streamed if streamed else scenario.non_streamed
    assert scenario.content is not None
    assert expected is not None
    outcome(
        SOME[style],
        openrouter.base_url(scenario.reply_name or name) + "/messages",
        body_of(scenario, streamed=streamed),
    )
    content = {**scenario.content}
    if not streamed and expected.status == "ERROR":
        content.pop("gen_ai.output.messages")
    assert span_content(telemetry) == content
    assert event_content(telemetry) == content


@pytest.mark.parametrize("style", SOME)
@pytest.mark.parametrize("streamed", [False, True])
def test_user(telemetry: Telemetry, openrouter: Simulator, style: str, streamed: bool) -> None:
    """`metadata.user_id` is `user.id`; no metadata is recorded, also not with the content, and all of it is sent."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    before = len(openrouter.received)
    body = {**(STREAM if streamed else REQUEST), "metadata": {"user_id": "u-1", "canary_name": "canary_value"}}
    SOME[style](openrouter.base_url("hello") + "/messages", body)
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert attributes.items() >= {**HELLO, "user.id": "u-1"}.items()
    assert not [name for name in attributes if "metadata" in name]
    assert "canary" not in str(span.to_json())
    assert "canary" not in str([vars(record) for record in telemetry.emitted.records])
    assert [json.loads(each.body) for each in openrouter.received[before:]] == [body]


def _httpx(url: str) -> None:
    with httpx.stream("POST", url, json=STREAM, headers=KEY) as response:
        response.read()


def _httpx_post(url: str) -> None:
    assert httpx.post(url, json=STREAM, headers=KEY).content


def _requests(url: str) -> None:
    assert requests.post(url, json=STREAM, headers=KEY, timeout=30).content


def _aiohttp(url: str) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession(headers=KEY) as session, session.post(url, json=STREAM) as response:
            await response.read()

    asyncio.run(main())


SETTLED: Final = {"httpx": _httpx, "httpx post": _httpx_post, "requests": _requests, "aiohttp": _aiohttp}


@pytest.mark.parametrize("library", SETTLED)
def test_settle(telemetry: Telemetry, openrouter: Simulator, library: str) -> None:
    """`settle` fetches the cost of a stream that has its tokens only, also if the library reads it, with the key of `x-api-key`."""
    telemetry.reinstrument([openrouter.url], settle=True)
    before = len(openrouter.received)
    SETTLED[library](openrouter.base_url("no_cost_in_stream") + "/messages")
    attributes = telemetry.one_span().attributes or {}
    assert attributes["openrouter.settled"] is True
    assert attributes["gen_ai.usage.cost"] == 0.00014
    posted, *asked = openrouter.received[before:]
    assert posted.path == "/no_cost_in_stream/api/v1/messages"
    assert {each.path for each in asked} == {"/no_cost_in_stream/api/v1/generation"}
    assert {each.headers["authorization"] for each in asked} == {"Bearer sk-or-settle"}
    assert not [each for each in asked if "x-api-key" in each.headers]

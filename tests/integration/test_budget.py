"""The `budget` option: gauges of the limits of an API key, requested with the client's key, not during a call."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, gauges

Make = Callable[..., openai.OpenAI]
GAUGES: Final = {"openrouter.key.limit", "openrouter.key.limit_remaining", "openrouter.key.usage_daily"}


@pytest.fixture(autouse=True)
def budget_enabled(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Enables the option."""
    telemetry.reinstrument([openrouter.url], budget=True)


def _key_requests(openrouter: Simulator, scenario: str) -> list[Any]:
    return [request for request in openrouter.received if request.path == f"/{scenario}/api/v1/key"]


def _gauge_values(telemetry: Telemetry) -> dict[str, float]:
    """Return the value of each gauge of the only key."""
    return {name: points[0][1] for name, points in gauges(telemetry).items()}


def test_gauges_of_a_key(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The gauges are the limit, the remaining limit and the usage of a key, with its label."""
    client("byok", api_key="sk-or-v1-budget-one").chat.completions.create(**REQUEST)
    assert not _key_requests(openrouter, "byok"), "the limits are not requested during the call"
    collected = gauges(telemetry)
    assert collected.keys() == GAUGES
    server = {"server.address": "127.0.0.1", "server.port": int(openrouter.url.rpartition(":")[2])}
    assert {name: points[0][1] for name, points in collected.items()} == {
        "openrouter.key.limit": 10.0,
        "openrouter.key.limit_remaining": 9.9999,
        "openrouter.key.usage_daily": 0.0001,
    }
    assert {str(points[0][0]) for points in collected.values()} == {
        str({**server, "openrouter.key.label": "sk-or-v1...one"})
    }
    (request,) = _key_requests(openrouter, "byok")
    assert request.method == "GET"
    assert request.headers["authorization"] == "Bearer sk-or-v1-budget-one"


def test_once_a_minute(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The limits are requested once a minute for all collections and all clients with the same key."""
    for _ in range(3):
        client("cached", api_key="sk-or-v1-minute").chat.completions.create(**REQUEST)
        gauges(telemetry)
    assert len(_key_requests(openrouter, "cached")) == 1


def test_async_client(telemetry: Telemetry, openrouter: Simulator) -> None:
    """For an async client a sync client requests the limits, with the same key, host and headers."""

    async def main() -> None:
        headers = {"X-Title": "App"}
        base_url = openrouter.base_url("free")
        async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-or-v1-async", default_headers=headers) as client:
            await client.chat.completions.create(**REQUEST)

    asyncio.run(main())
    assert _gauge_values(telemetry)["openrouter.key.limit_remaining"] == 10.0
    (request,) = _key_requests(openrouter, "free")
    assert request.headers["authorization"] == "Bearer sk-or-v1-async"
    assert request.headers["x-title"] == "App"


def test_closed_client(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """For a closed client another client requests the limits."""
    with client("tools", api_key="sk-or-v1-closed") as closed:
        closed.chat.completions.create(**REQUEST)
    assert _gauge_values(telemetry)["openrouter.key.limit"] == 10.0
    assert len(_key_requests(openrouter, "tools")) == 1


def test_openrouter_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The limits are requested for clients of OpenRouter's own SDK, open or closed."""
    sdk_class = pytest.importorskip("openrouter").OpenRouter
    for key in ("sk-or-v1-open", "sk-or-v1-done"):
        with sdk_class(api_key=key, server_url=openrouter.base_url("refusal")) as sdk:
            sdk.chat.send(model="openai/gpt-4o-mini", messages=REQUEST["messages"])
            if key.endswith("open"):
                gauges(telemetry)
    labels = {point[0]["openrouter.key.label"] for point in gauges(telemetry)["openrouter.key.limit"]}
    assert labels == {"sk-or-v1...pen", "sk-or-v1...one"}
    assert len(_key_requests(openrouter, "refusal")) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply([b'{"error": {"message": "sk-or-canary is wrong", "code": 401}}'], status=401),
        Reply([b"<html>"]),
        Reply([b'{"data": {"limit": null, "limit_remaining": "a lot", "usage_daily": null}}']),
        Reply([b"[]"]),
    ],
)
def test_failed_request(
    telemetry: Telemetry, openrouter: Simulator, client: Make, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    """A failed or malformed response gives no points and at most one log line, which does not contain the key."""
    openai_client = client("failed_key")
    openrouter.verbatim["failed_key"] = Reply([b'{"id": "gen-1", "choices": []}'])
    openai_client.chat.completions.create(**REQUEST)
    openrouter.verbatim["failed_key/key"] = reply
    assert not any(gauges(telemetry).values())
    warnings = [record for record in caplog.records if record.name == "opentelemetry.instrumentation.openrouter"]
    assert len(warnings) <= 1
    assert "canary" not in caplog.text
    assert "failed with" in caplog.text or not warnings


def test_key_request_is_not_traced(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The request of the limits gives no span."""
    client("hello").chat.completions.create(**REQUEST)
    gauges(telemetry)
    telemetry.one_span()


def test_off_by_default(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Without the option the limits are not requested."""
    telemetry.reinstrument([openrouter.url])
    client("parallel_tools").chat.completions.create(**REQUEST)
    assert not any(gauges(telemetry).values())
    assert not _key_requests(openrouter, "parallel_tools")


def test_uninstrument_and_instrument(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """After `uninstrument()` the limits are not requested; after another `instrument()` they are again."""
    client("whole_dollars").chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    assert not any(gauges(telemetry).values())
    assert not _key_requests(openrouter, "whole_dollars")
    telemetry.instrument([openrouter.url], budget=True)
    client("whole_dollars").chat.completions.create(**REQUEST)
    assert _gauge_values(telemetry)["openrouter.key.limit"] == 10.0

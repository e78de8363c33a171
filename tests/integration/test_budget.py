"""The `budget` option: gauges of the limits of an API key, requested in the background with the client's key."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, gauges, wait_for_budget

Make = Callable[..., openai.OpenAI]
GAUGES: Final = {
    "openrouter.key.limit": 10.0,
    "openrouter.key.limit_remaining": 9.9999,
    "openrouter.key.usage_daily": 0.0001,
    "openrouter.key.budget_limit": 50.0,
    "openrouter.key.budget_remaining": 30.0,
    "openrouter.key.free_requests_limit": 50.0,
    "openrouter.key.free_requests_remaining": 38.0,
}
UNITS: Final = {name: "{request}" if "free_requests" in name else "USD" for name in GAUGES}


@pytest.fixture(autouse=True)
def budget_enabled(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Enables the option."""
    telemetry.reinstrument([openrouter.url], budget=True)


def _key_requests(openrouter: Simulator, scenario: str) -> list[Any]:
    return [request for request in openrouter.received if request.path == f"/{scenario}/api/v1/key"]


def _collect(telemetry: Telemetry) -> dict[str, list[tuple[dict[str, Any], float]]]:
    """Collect twice, and return the gauges of the second time: the first one starts the requests that are due."""
    gauges(telemetry)
    wait_for_budget()
    return gauges(telemetry)


def _gauge_values(telemetry: Telemetry) -> dict[str, float]:
    """Return the value of each gauge of the only key."""
    return {name: points[0][1] for name, points in _collect(telemetry).items()}


def test_gauges_of_a_key(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The gauges are the limits and the usage of a key, with its label; a budget has its scope too."""
    client("byok", api_key="sk-or-v1-budget-one").chat.completions.create(**REQUEST)
    collected = _collect(telemetry)
    assert {name: points[0][1] for name, points in collected.items()} == GAUGES
    server = {"server.address": "127.0.0.1", "server.port": int(openrouter.url.rpartition(":")[2])}
    key = {**server, "openrouter.key.label": "sk-or-v1...one"}
    scope = {**key, "openrouter.key.budget_scope": "workspace"}
    assert {name: points[0][0] for name, points in collected.items()} == {
        name: scope if "budget" in name else key for name in GAUGES
    }
    for request in _key_requests(openrouter, "byok"):
        assert request.method == "GET"
        assert request.headers["authorization"] == "Bearer sk-or-v1-budget-one"


def test_units(telemetry: Telemetry, client: Make) -> None:
    """Money is in USD, free requests are counted."""
    client("byok", api_key="sk-or-v1-units").chat.completions.create(**REQUEST)
    _collect(telemetry)
    data: Any = telemetry.reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    assert {metric.name: metric.unit for metric in metrics if metric.name in GAUGES} == UNITS


def test_program_that_collects_once(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The first key is requested when it is first used, not at the first collection."""
    client("hello", api_key="sk-or-v1-once").chat.completions.create(**REQUEST)
    wait_for_budget()
    assert gauges(telemetry).keys() == GAUGES.keys()


def test_once_a_minute(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """From the first collection on, the limits are requested once a minute for all collections and all clients with the same key."""
    client("cached", api_key="sk-or-v1-minute").chat.completions.create(**REQUEST)
    _collect(telemetry)
    requested = len(_key_requests(openrouter, "cached"))
    for _ in range(3):
        client("cached", api_key="sk-or-v1-minute").chat.completions.create(**REQUEST)
        _collect(telemetry)
    assert len(_key_requests(openrouter, "cached")) == requested <= 2


def test_async_client(telemetry: Telemetry, openrouter: Simulator) -> None:
    """For an async client a sync client requests the limits, with the same key, host and headers."""

    async def main() -> None:
        headers = {"X-Title": "App"}
        base_url = openrouter.base_url("free")
        async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-or-v1-async", default_headers=headers) as client:
            await client.chat.completions.create(**REQUEST)

    asyncio.run(main())
    assert _gauge_values(telemetry)["openrouter.key.limit_remaining"] == 10.0
    for request in _key_requests(openrouter, "free"):
        assert request.headers["authorization"] == "Bearer sk-or-v1-async"
        assert request.headers["x-title"] == "App"


def test_closed_client(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """For a closed client another client requests the limits."""
    with client("tools", api_key="sk-or-v1-closed") as closed:
        closed.chat.completions.create(**REQUEST)
    assert _gauge_values(telemetry)["openrouter.key.limit"] == 10.0


def test_openrouter_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The limits are requested for clients of OpenRouter's own SDK, open or closed."""
    sdk_class = pytest.importorskip("openrouter").OpenRouter
    for key in ("sk-or-v1-open", "sk-or-v1-done"):
        with sdk_class(api_key=key, server_url=openrouter.base_url("refusal")) as sdk:
            sdk.chat.send(model="openai/gpt-4o-mini", messages=REQUEST["messages"])
            if key.endswith("open"):
                _collect(telemetry)
    labels = {point[0]["openrouter.key.label"] for point in _collect(telemetry)["openrouter.key.limit"]}
    assert labels == {"sk-or-v1...pen", "sk-or-v1...one"}
    sent = {request.headers["authorization"] for request in _key_requests(openrouter, "refusal")}
    assert sent == {"Bearer sk-or-v1-open", "Bearer sk-or-v1-done"}


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
    openrouter.verbatim["failed_key"] = Reply([b'{"id": "gen-1", "choices": []}'])
    openrouter.verbatim["failed_key/key"] = reply
    client("failed_key").chat.completions.create(**REQUEST)
    assert not any(_collect(telemetry).values())
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) <= 1
    assert "canary" not in caplog.text
    assert "failed with" in caplog.text or not warnings


def test_key_request_is_not_traced(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The request of the limits gives no span."""
    client("hello").chat.completions.create(**REQUEST)
    _collect(telemetry)
    telemetry.one_span()


def test_off_by_default(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Without the option the limits are not requested."""
    telemetry.reinstrument([openrouter.url])
    client("parallel_tools").chat.completions.create(**REQUEST)
    assert not any(_collect(telemetry).values())
    assert not _key_requests(openrouter, "parallel_tools")


def test_uninstrument_and_instrument(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """After `uninstrument()` the limits are not requested; after another `instrument()` they are again."""
    client("whole_dollars").chat.completions.create(**REQUEST)
    _collect(telemetry)
    OpenRouterInstrumentor().uninstrument()
    requested = len(_key_requests(openrouter, "whole_dollars"))
    assert not any(_collect(telemetry).values())
    assert len(_key_requests(openrouter, "whole_dollars")) == requested
    assert not [thread for thread in threading.enumerate() if thread.name == "openrouter-budget"]
    telemetry.instrument([openrouter.url], budget=True)
    client("whole_dollars").chat.completions.create(**REQUEST)
    assert _gauge_values(telemetry)["openrouter.key.limit"] == 10.0

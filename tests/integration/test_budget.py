"""What is left of a key's budget: asked of OpenRouter with the client's own key, once a minute, off the call path."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api.budget import Budget
from opentelemetry.instrumentation.openrouter._api.client import ApiClient
from opentelemetry.instrumentation.openrouter._config import PREFIX, read_settings
from opentelemetry.metrics import CallbackOptions

from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, gauges

Make = Callable[..., openai.OpenAI]
GAUGES: Final = {"openrouter.key.limit", "openrouter.key.limit_remaining", "openrouter.key.usage_daily"}


@pytest.fixture(autouse=True)
def switched_on(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The option is on."""
    telemetry.again([openrouter.url], budget=True)


def _asked(openrouter: Simulator, scenario: str) -> list[Any]:
    return [request for request in openrouter.received if request.path == f"/{scenario}/api/v1/key"]


def _told(telemetry: Telemetry) -> dict[str, float]:
    """The gauges, where there is one key."""
    return {name: points[0][1] for name, points in gauges(telemetry).items()}


def test_a_key(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """What it may spend, what is left, what it spent, under its label."""
    client("byok", api_key="sk-or-v1-budget-one").chat.completions.create(**REQUEST)
    assert not _asked(openrouter, "byok"), "not on the way of the call"
    told = gauges(telemetry)
    assert told.keys() == GAUGES
    server = {"server.address": "127.0.0.1", "server.port": int(openrouter.url.rpartition(":")[2])}
    assert {name: points[0][1] for name, points in told.items()} == {
        "openrouter.key.limit": 10.0,
        "openrouter.key.limit_remaining": 9.9999,
        "openrouter.key.usage_daily": 0.0001,
    }
    assert {str(points[0][0]) for points in told.values()} == {
        str({**server, "openrouter.key.label": "sk-or-v1...one"})
    }
    (request,) = _asked(openrouter, "byok")
    assert request.method == "GET"
    assert request.headers["authorization"] == "Bearer sk-or-v1-budget-one"


def test_once_a_minute(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """However often metrics are collected, and however many clients have the key."""
    for _ in range(3):
        client("cached", api_key="sk-or-v1-minute").chat.completions.create(**REQUEST)
        gauges(telemetry)
    assert len(_asked(openrouter, "cached")) == 1


def test_a_minute_later() -> None:
    """It is asked again, and what was told is forgotten where there is no answer."""
    now, answers = [0.0], [{"data": {"limit": 5}}, {"data": {"limit": 4, "label": ""}}]
    asked: list[str] = []

    def get(path: str, _: float) -> object:
        asked.append(path)
        return answers.pop(0)

    budget = Budget(lambda: now[0])
    budget.add(ApiClient("https://a.example", "k", get))
    options = CallbackOptions()
    values: list[list[float]] = []
    for moment in (0.0, 59.9, 60.0, 119.0, 121.0):
        now[0] = moment
        values.append([point.value for point in budget.observe("limit", options)])
    assert values == [[5], [5], [4], [4], []]
    assert asked == ["/key"] * 3


def test_asked_by_one_of_two_readers() -> None:
    """The other takes what is known."""
    entered, go = threading.Event(), threading.Event()

    def get(_: str, __: float) -> object:
        entered.set()
        assert go.wait(10)
        return {"data": {"limit": 5}}

    budget = Budget()
    budget.add(ApiClient("https://a.example", "k", get))
    reader = threading.Thread(target=lambda: list(budget.observe("limit", CallbackOptions())))
    reader.start()
    assert entered.wait(10)
    assert list(budget.observe("limit", CallbackOptions())) == []
    go.set()
    reader.join()
    assert [point.value for point in budget.observe("limit", CallbackOptions())] == [5]


def test_sixteen_keys() -> None:
    """A program with a key for each customer is not asked about all of them."""
    budget = Budget()
    for number in range(20):
        budget.add(ApiClient("https://a.example", f"k{number}", lambda *_: {"data": {"limit": 1}}))
        budget.add(ApiClient("https://a.example", f"k{number}", lambda *_: {"data": {}}))
    assert len(list(budget.observe("limit", CallbackOptions()))) == 16


def test_async_client(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A sync twin asks, with the same key, host and headers."""

    async def main() -> None:
        headers = {"X-Title": "App"}
        base_url = openrouter.base_url("free")
        async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-or-v1-async", default_headers=headers) as client:
            await client.chat.completions.create(**REQUEST)

    asyncio.run(main())
    assert _told(telemetry)["openrouter.key.limit_remaining"] == 10.0
    (request,) = _asked(openrouter, "free")
    assert request.headers["authorization"] == "Bearer sk-or-v1-async"
    assert request.headers["x-title"] == "App"


def test_closed_client(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The same, where the client sends no more."""
    with client("tools", api_key="sk-or-v1-closed") as closed:
        closed.chat.completions.create(**REQUEST)
    assert _told(telemetry)["openrouter.key.limit"] == 10.0
    assert len(_asked(openrouter, "tools")) == 1


def test_openrouters_own_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Open or closed."""
    sdk_of = pytest.importorskip("openrouter").OpenRouter
    for key in ("sk-or-v1-open", "sk-or-v1-done"):
        with sdk_of(api_key=key, server_url=openrouter.base_url("refusal")) as sdk:
            sdk.chat.send(model="openai/gpt-4o-mini", messages=REQUEST["messages"])
            if key.endswith("open"):
                gauges(telemetry)
    labels = {point[0]["openrouter.key.label"] for point in gauges(telemetry)["openrouter.key.limit"]}
    assert labels == {"sk-or-v1...pen", "sk-or-v1...one"}
    assert len(_asked(openrouter, "refusal")) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply([b'{"error": {"message": "sk-or-canary is wrong", "code": 401}}'], status=401),
        Reply([b"<html>"]),
        Reply([b'{"data": {"limit": null, "limit_remaining": "a lot", "usage_daily": null}}']),
        Reply([b"[]"]),
    ],
)
def test_no_answer(
    telemetry: Telemetry, openrouter: Simulator, client: Make, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    """No points, at most one line in the log, and no secret in it; the calls go on."""
    own = client("unanswered")
    openrouter.verbatim["unanswered"] = Reply([b'{"id": "gen-1", "choices": []}'])
    own.chat.completions.create(**REQUEST)
    openrouter.verbatim["unanswered/key"] = reply
    assert not any(gauges(telemetry).values())
    warnings = [record for record in caplog.records if record.name == "opentelemetry.instrumentation.openrouter"]
    assert len(warnings) <= 1
    assert "canary" not in caplog.text
    assert "failed with" in caplog.text or not warnings


def test_not_traced(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Asking is no call of the user's."""
    client("hello").chat.completions.create(**REQUEST)
    gauges(telemetry)
    telemetry.one_span()


def test_off_by_default(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Nothing is asked that nobody asked for."""
    telemetry.again([openrouter.url])
    client("parallel_tools").chat.completions.create(**REQUEST)
    assert not any(gauges(telemetry).values())
    assert not _asked(openrouter, "parallel_tools")


def test_switched_off_and_on(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """After `uninstrument()` nothing is asked, and after another `instrument()` it is again."""
    client("whole_dollars").chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    assert not any(gauges(telemetry).values())
    assert not _asked(openrouter, "whole_dollars")
    telemetry.instrument([openrouter.url], budget=True)
    client("whole_dollars").chat.completions.create(**REQUEST)
    assert _told(telemetry)["openrouter.key.limit"] == 10.0


@pytest.mark.parametrize(
    ("value", "on", "warnings"),
    [("true", True, 0), (" 1", True, 0), ("False", False, 0), ("", False, 0), ("yes!", False, 1)],
)
def test_option(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str, on: bool, warnings: int
) -> None:
    """True or false, by argument or by variable."""
    monkeypatch.setenv(f"{PREFIX}BUDGET", value)
    assert read_settings().budget is on
    assert read_settings(budget=True).budget is True
    assert read_settings(budget=False).budget is False
    assert len(caplog.records) == warnings


def test_account_is_silent() -> None:
    """What stands in a traceback or a log is not the key."""
    assert "canary" not in repr(ApiClient("https://a.example", "sk-or-canary", lambda *_: None))

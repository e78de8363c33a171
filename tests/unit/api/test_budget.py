"""`Budget`: the limits of each key are requested in the background; a collection reports the last response at once."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from opentelemetry.instrumentation.openrouter._api import budget as budget_module
from opentelemetry.instrumentation.openrouter._api.budget import Budget
from opentelemetry.instrumentation.openrouter._guard import logger
from opentelemetry.metrics import CallbackOptions

from tests.api_responses import api_client

LIMIT: Final = ("limit",)
WAIT: Final = 30.0  # for what happens at once


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Set at the end of a test at the latest, so that no thread stays blocked."""
    release = threading.Event()
    yield release
    release.set()


def _values(budget: Budget, path: tuple[str, ...] = LIMIT) -> list[float]:
    return [point.value for point in budget.observe(path, CallbackOptions())]


def _idle(budget: Budget) -> None:
    """Wait until all requests that are due have been sent."""
    deadline = time.monotonic() + WAIT
    while budget._thread is not None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _answered(budget: Budget, path: tuple[str, ...] = LIMIT) -> list[float]:
    """Collect, wait for the requests that this started, and return the values that a collection reports then."""
    _values(budget, path)
    _idle(budget)
    return _values(budget, path)


def test_first_key_is_requested_at_once() -> None:
    """The first collection of a short program has the limits of its first key; further keys wait for a collection."""
    requested: list[str] = []

    def budget_of(key: str) -> Any:
        return api_client(lambda *_: (requested.append(key), {"data": {"limit": 5}})[1], "https://a.example", key)

    budget = Budget()
    budget.add(budget_of("a"))
    _idle(budget)
    assert requested == ["a"]
    budget.add(budget_of("b"))
    assert requested == ["a"]
    assert _answered(budget) == [5, 5]
    assert requested == ["a", "a", "b"]


def test_requested_once_a_minute() -> None:
    """A collection requests the limits again after a minute, and reports the last response meanwhile."""
    now, limits = [0.0], iter((6, 5, 4))
    paths: list[str] = []

    def answer(path: str, _: float) -> object:
        paths.append(path)
        return {"data": {"limit": next(limits)}}

    budget = Budget(lambda: now[0])
    budget.add(api_client(answer))
    _idle(budget)
    seen: list[list[float]] = []
    for moment in (0.0, 59.9, 60.0, 119.0):
        now[0] = moment
        seen.append(_answered(budget))
    assert seen == [[5], [5], [4], [4]]
    assert paths == ["/key"] * 3


def test_age_of_a_response(caplog: pytest.LogCaptureFixture) -> None:
    """While requests fail, the last response is reported for five minutes; the failure is one warning."""
    now, answers = [0.0], iter([{"data": {"limit": 5}}] * 2)
    budget = Budget(lambda: now[0])
    budget.add(api_client(lambda *_: next(answers, {"error": {"code": 503}})))
    _idle(budget)
    seen: list[list[float]] = []
    for moment in (0.0, 60.0, 300.0, 300.1):
        now[0] = moment
        seen.append(_answered(budget))
    assert seen == [[5], [5], [5], []]
    warnings = [record for record in caplog.records if record.name == logger.name and record.levelname == "WARNING"]
    assert len(warnings) == 1


def test_collection_does_not_wait(release: threading.Event) -> None:
    """While a server does not answer, each collection reports what is known, with one thread for all keys."""
    entered = threading.Event()

    def answer(_: str, __: float) -> object:
        entered.set()
        assert release.wait(WAIT)
        return {"data": {"limit": 5}}

    budget = Budget()
    for key in ("a", "b", "c"):
        budget.add(api_client(answer, "https://a.example", key))
    assert entered.wait(WAIT)
    for _ in range(3):
        assert _values(budget) == []
        assert len([each for each in threading.enumerate() if each is budget._thread]) == 1
    thread = budget._thread
    assert thread is not None
    assert thread.daemon
    release.set()
    thread.join(WAIT)
    assert _values(budget) == [5, 5, 5]


def test_slow_key_does_not_keep_others(release: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose server never ends its response costs the timeout of a request, then the next key is requested."""
    monkeypatch.setattr(budget_module, "TIMEOUT", 0.5)
    now = [0.0]
    budget = Budget(lambda: now[0])
    budget.add(api_client(lambda *_: release.wait(WAIT), "https://a.example"))
    budget.add(api_client(lambda *_: {"data": {"limit": 4}}, "https://b.example"))
    deadline = time.monotonic() + WAIT
    while _answered(budget) != [4]:  # a machine under load may need a second request
        assert time.monotonic() < deadline
        now[0] += 60


def test_clear(release: threading.Event) -> None:
    """After `clear()` no other key is requested, and nothing is reported."""
    requested: list[str] = []

    def answer_for(key: str) -> Callable[[str, float], object]:
        def answer(*_: object) -> object:
            requested.append(key)
            assert release.wait(WAIT)
            return {"data": {"limit": 5}}

        return answer

    budget = Budget()
    for key in ("a", "b"):
        budget.add(api_client(answer_for(key), "https://a.example", key))
    deadline = time.monotonic() + WAIT
    while not requested:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    budget.clear()
    release.set()
    _idle(budget)
    assert requested == ["a"]
    assert _values(budget) == []


def test_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection while the interpreter exits, when no thread can start, reports what is known."""

    def cannot_start(_: threading.Thread) -> None:
        raise RuntimeError

    now = [0.0]
    budget = Budget(lambda: now[0])
    budget.add(api_client(lambda *_: {"data": {"limit": 5}}))
    _idle(budget)
    now[0] = 60.0
    monkeypatch.setattr(threading.Thread, "start", cannot_start)
    assert _values(budget) == [5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork(release: threading.Event) -> None:
    """A forked child starts a thread of its own, and has the responses of its parent until then."""
    now = [0.0]
    budget = Budget(lambda: now[0])
    budget.add(api_client(lambda *_: {"data": {"limit": 5}}))
    _idle(budget)
    budget.add(api_client(lambda *_: release.wait(WAIT), "https://b.example"))
    _values(budget)
    assert budget._thread is not None
    budget_module._reset_all_after_fork()
    now[0] = 60.0
    assert budget._thread is None
    assert _answered(budget) == [5]


def test_at_most_sixteen_keys() -> None:
    """A program with many API keys, for example one for each customer, requests the limits of the last sixteen only."""
    budget = Budget()
    for number in range(20):
        for limit in (1, 2):
            data = {"data": {"limit": limit}}
            budget.add(api_client(lambda *_, data=data: data, "https://a.example", f"k{number}"))
    assert _answered(budget) == [1] * 16


def test_fields_of_budgets() -> None:
    """The effective budget has its scope as an attribute; free requests belong to the account."""
    data = {
        "label": "sk-or-v1...abc",
        "limit": None,
        "effective_budget": {"scope": "workspace", "limit_usd": 50, "remaining_usd": -0.5},
        "free_model_daily_requests": {"limit": 50, "remaining": 0},
    }
    budget = Budget()
    budget.add(api_client(lambda *_: {"data": data}, "https://a.example"))
    _idle(budget)
    points = {
        path: [(point.value, dict(point.attributes or {})) for point in budget.observe(path, CallbackOptions())]
        for _, _, path, _ in budget_module._GAUGES
    }
    key = {"server.address": "a.example", "server.port": 443, "openrouter.key.label": "sk-or-v1...abc"}
    scope = {**key, "openrouter.key.budget_scope": "workspace"}
    assert points == {
        ("limit",): [],
        ("limit_remaining",): [],
        ("usage_daily",): [],
        ("effective_budget", "limit_usd"): [(50, scope)],
        ("effective_budget", "remaining_usd"): [(-0.5, scope)],
        ("free_model_daily_requests", "limit"): [(50, key)],
        ("free_model_daily_requests", "remaining"): [(0, key)],
    }


@pytest.mark.parametrize(
    "budget_data",
    [None, [], "much", {"limit_usd": "50", "scope": 7}, {"limit_usd": True}, {"limit_usd": {"limit_usd": 1}}],
)
def test_malformed_budget(budget_data: object) -> None:
    """A field of another type gives no point."""
    budget = Budget()
    budget.add(api_client(lambda *_: {"data": {"effective_budget": budget_data, "label": ""}}))
    _idle(budget)
    assert _values(budget, ("effective_budget", "limit_usd")) == []


def test_budget_without_scope() -> None:
    """A budget whose scope is missing, and a URL that is none, give a point without these attributes."""
    budget = Budget()
    budget.add(api_client(lambda *_: {"data": {"effective_budget": {"limit_usd": 1}}}))
    _idle(budget)
    (point,) = budget.observe(("effective_budget", "limit_usd"), CallbackOptions())
    assert (point.value, point.attributes) == (1, {})

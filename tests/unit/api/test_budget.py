"""`Budget` requests the limits of each API key at most once a minute."""

import threading

from opentelemetry.instrumentation.openrouter._api.budget import Budget
from opentelemetry.instrumentation.openrouter._api.client import ApiClient
from opentelemetry.metrics import CallbackOptions


def test_values_are_refreshed_after_a_minute() -> None:
    """After a minute the limits are requested again; a failed request clears the old values."""
    now, responses = [0.0], [{"data": {"limit": 5}}, {"data": {"limit": 4, "label": ""}}]
    paths: list[str] = []

    def get(path: str, _: float) -> object:
        paths.append(path)
        return responses.pop(0)

    budget = Budget(lambda: now[0])
    budget.add(ApiClient("https://a.example", "k", get))
    options = CallbackOptions()
    values: list[list[float]] = []
    for moment in (0.0, 59.9, 60.0, 119.0, 121.0):
        now[0] = moment
        values.append([point.value for point in budget.observe("limit", options)])
    assert values == [[5], [5], [4], [4], []]
    assert paths == ["/key"] * 3


def test_two_readers_share_one_request() -> None:
    """While one metric reader requests the limits, another reader gets the values that are known already."""
    entered, go = threading.Event(), threading.Event()

    def get(_: str, __: float) -> object:
        entered.set()
        assert go.wait(60)
        return {"data": {"limit": 5}}

    budget = Budget()
    budget.add(ApiClient("https://a.example", "k", get))
    reader = threading.Thread(target=lambda: list(budget.observe("limit", CallbackOptions())))
    reader.start()
    assert entered.wait(60)
    assert list(budget.observe("limit", CallbackOptions())) == []
    go.set()
    reader.join()
    assert [point.value for point in budget.observe("limit", CallbackOptions())] == [5]


def test_at_most_sixteen_keys() -> None:
    """A program with many API keys, for example one for each customer, requests the limits of the last sixteen only."""
    budget = Budget()
    for number in range(20):
        budget.add(ApiClient("https://a.example", f"k{number}", lambda *_: {"data": {"limit": 1}}))
        budget.add(ApiClient("https://a.example", f"k{number}", lambda *_: {"data": {}}))
    assert len(list(budget.observe("limit", CallbackOptions()))) == 16

"""Settlement: the record of `GET /generation`, polling, flushes and forks, with a fake API client."""

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._api import settlement as settlement_module
from opentelemetry.instrumentation.openrouter._api.settlement import Settlement
from opentelemetry.instrumentation.openrouter._config import PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._wire.generation import fold_generation, has_usage
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from tests.api_responses import api_client
from tests.generation import ID, RECORD


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll with short delays."""
    monkeypatch.setattr(settlement_module, "POLL_DELAYS", (0.01,) * 8)
    monkeypatch.setattr(settlement_module, "_FLUSH_POLL_DELAY", 0.01)


def _wait_for(condition: Callable[[], object]) -> None:
    while not condition():  # as long as the test may take
        time.sleep(0.005)


def test_generation_record() -> None:
    """The record gives the native token counts, the model slug, the cost, the provider and the finish reasons."""
    record = ResponseRecord(id=ID)
    fold_generation(record, RECORD)
    assert response_attributes(record) == {
        "gen_ai.response.id": ID,
        "gen_ai.response.model": "openai/gpt-4o-mini-2024-07-18",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 43,
        "gen_ai.usage.output_tokens": 120,
        "gen_ai.usage.cache_read.input_tokens": 7,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "gen_ai.usage.cost": 0.00014,
        "openrouter.usage.cost": 0.00014,
        "openrouter.usage.is_byok": False,
        "openrouter.provider.name": "OpenAI",
        "openrouter.response.native_finish_reasons": ("end_turn",),
        "openrouter.settled": True,
    }


def test_values_of_the_stream_take_precedence() -> None:
    """The generation record only adds what the stream did not include."""
    record = ResponseRecord(id=ID, model="m", provider="Azure", service_tier="flex")
    record.finish_reasons[0], record.native_finish_reasons[0] = "length", "max"
    fold_generation(record, {**RECORD, "service_tier": "default"})
    attributes = response_attributes(record)
    assert attributes["gen_ai.response.model"] == "m"
    assert attributes["openrouter.provider.name"] == "Azure"
    assert attributes["openrouter.response.service_tier"] == "flex"
    assert attributes["gen_ai.response.finish_reasons"] == ("length",)
    assert attributes["openrouter.response.native_finish_reasons"] == ("max",)


def test_cost_only() -> None:
    """Tokens of the stream stay where only the cost was missing; a call with its cost is not settled."""
    usage = {"input_tokens": 50, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 8}}
    record = ResponseRecord(id=ID, usage=usage, lacks_cost=True)
    fold_generation(record, RECORD)
    attributes = response_attributes(record)
    assert attributes["gen_ai.usage.input_tokens"] == 50
    assert attributes["gen_ai.usage.output_tokens"] == 9
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 8
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert not Settlement().submit(api_client(lambda *_: {}), ResponseRecord(id=ID, usage={}), lambda: None)


def test_byok() -> None:
    """With BYOK, the upstream cost is added to the cost, in decimal."""
    record = ResponseRecord(id=ID)
    fold_generation(record, {**RECORD, "is_byok": True, "usage": 0.1, "upstream_inference_cost": 0.2})
    assert response_attributes(record)["gen_ai.usage.cost"] == 0.3


@pytest.mark.parametrize(
    ("generation", "expected"),
    [
        ({}, False),
        ({"id": ID, "model": "m", "provider_name": "OpenAI", "finish_reason": "stop"}, False),
        ({"usage": "many", "total_cost": None}, False),
        ({"usage": True}, False),
        ({"native_tokens_prompt": -1, "native_tokens_completion": 1.5}, False),
        ({"tokens_prompt": 6}, False),
        ({"usage": 0}, True),
        ({"usage": "many", "total_cost": 0.5}, True),
        ({"native_tokens_prompt": 0}, True),
        ({"native_tokens_completion": 3}, True),
    ],
)
def test_record_with_usage(generation: dict[str, Any], expected: bool) -> None:
    """A record settles a call if it has a cost or a native token count."""
    assert has_usage(generation) is expected


def test_record_without_other_values() -> None:
    """Missing or invalid values set no attributes."""
    record = ResponseRecord(id=ID)
    fold_generation(record, {"usage": 0, "finish_reason": 7, "provider_name": [], "native_tokens_prompt": "9"})
    assert response_attributes(record) == {
        "gen_ai.response.id": ID,
        "gen_ai.usage.cost": 0.0,
        "openrouter.usage.cost": 0.0,
        "openrouter.settled": True,
    }


def test_total_cost_is_the_fallback() -> None:
    """`total_cost` is the cost if `usage` is missing."""
    record = ResponseRecord(id=ID)
    fold_generation(record, {"total_cost": 0.5})
    assert response_attributes(record)["gen_ai.usage.cost"] == 0.5


def test_id_is_quoted() -> None:
    """The generation id is quoted, so that it stays one query parameter."""
    paths: list[str] = []
    settlement = Settlement()
    finished = threading.Event()

    def get(path: str, _: float) -> object:
        paths.append(path)
        return {"data": RECORD}

    assert settlement.submit(api_client(get), ResponseRecord(id="gen-a&b=/../keys?x"), finished.set)
    assert finished.wait(60)
    assert paths == ["/generation?id=gen-a%26b%3D%2F..%2Fkeys%3Fx"]


def test_delays_do_not_shrink() -> None:
    """The delays between polls never shrink."""
    assert sorted(settlement_module.POLL_DELAYS) == list(settlement_module.POLL_DELAYS)


def test_not_traced() -> None:
    """Requests of the settlement are sent with instrumentation suppressed."""
    enabled: list[bool] = []
    done = threading.Event()

    def get(_: str, __: float) -> object:
        enabled.append(is_instrumentation_enabled())
        return {"data": RECORD}

    assert Settlement().submit(api_client(get), ResponseRecord(id=ID), done.set)
    assert done.wait(60)
    assert enabled == [False]
    assert is_instrumentation_enabled()


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 256 calls wait at a time; none is accepted after `close()`."""
    monkeypatch.setattr(settlement_module, "POLL_DELAYS", (600.0,))
    settlement = Settlement()
    client = api_client(lambda *_: {"data": RECORD})
    accepted = [settlement.submit(client, ResponseRecord(id=ID), lambda: None) for _ in range(300)]
    assert accepted == [True] * 256 + [False] * 44
    settlement.close()
    assert not settlement.submit(client, ResponseRecord(id=ID), lambda: None)


def test_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The background thread ends when no call waits, and starts again for the next one."""
    settlement = Settlement()
    client = api_client(lambda *_: {"data": RECORD})
    for _ in range(2):
        done = threading.Event()
        assert settlement.submit(client, ResponseRecord(id=ID), done.set)
        assert done.wait(60)
        _wait_for(lambda: not [each for each in threading.enumerate() if each.name == "openrouter-settlement"])


@pytest.mark.parametrize(
    "answer", [{}, {"data": None}, {"data": {}}, {"error": {"code": 404}}, [], None, {"data": {"model": "m"}}]
)
def test_response_without_a_record(answer: object) -> None:
    """A response with status 200 but without a record is requested again, and settles nothing."""
    answers, finished = iter([answer, {"data": RECORD}]), threading.Event()
    record = ResponseRecord(id=ID)
    assert Settlement().submit(api_client(lambda *_: next(answers)), record, finished.set)
    assert finished.wait(60)
    assert record.attributes == {"openrouter.settled": True}

    polls: list[str] = []
    record, finished = ResponseRecord(id=ID), threading.Event()
    client = api_client(lambda path, _: (polls.append(path), answer)[1])
    assert Settlement().submit(client, record, finished.set)
    assert finished.wait(60)
    assert len(polls) == len(settlement_module.POLL_DELAYS)
    assert (record.usage, record.attributes) == (None, {})


def test_calls_that_wait_behind_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call is finished in time even if the polls of other calls took all of it."""
    now, answered = [0.0], threading.Event()
    monkeypatch.setattr(settlement_module, "clock", lambda: now[0])
    monkeypatch.setattr(settlement_module, "POLL_DELAYS", (0.0, 60.0))
    finished = [threading.Event() for _ in range(3)]

    def answer(_: str, __: float) -> object:
        assert answered.wait(60)
        now[0] += 1000
        return {}

    settlement = Settlement()
    for each in finished:
        assert settlement.submit(api_client(answer), ResponseRecord(id=ID), each.set)
    answered.set()
    for each in finished:
        assert each.wait(60)


@pytest.mark.internal_error
def test_finish_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `finish` callback that raises does not block the next call."""
    settlement = Settlement()
    client = api_client(lambda *_: {"data": RECORD})
    done = threading.Event()
    assert settlement.submit(client, ResponseRecord(id=ID), lambda: 1 / 0)  # type: ignore[reportArgumentType] - it raises
    assert settlement.submit(client, ResponseRecord(id=ID), done.set)
    assert done.wait(60)
    settlement.flush()


def test_flush_during_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hanging server does not block a flush beyond its timeout, and its late response is ignored."""
    requested, release, finished = threading.Event(), threading.Event(), threading.Event()
    record = ResponseRecord(id=ID)

    def get(_: str, __: float) -> object:
        requested.set()
        assert release.wait(60)
        return {"data": RECORD}

    settlement = Settlement()
    assert settlement.submit(api_client(get), record, finished.set)
    assert requested.wait(60)
    settlement.flush(0.05)
    assert finished.is_set()
    release.set()
    _wait_for(lambda: not [each for each in threading.enumerate() if each.name == "openrouter-settlement"])
    assert record.usage is None


def test_flush_that_polls_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush while no thread can start, as when the interpreter exits, polls, and returns at its own timeout."""
    requested, release, finished = threading.Event(), threading.Event(), threading.Event()

    def answer(_: str, __: float) -> object:
        requested.set()
        assert release.wait(30)
        return {"data": RECORD}

    def cannot_start(_: threading.Thread) -> None:
        raise RuntimeError

    client = api_client(answer)  # starts the thread that sends
    settlement, record = Settlement(), ResponseRecord(id=ID)
    monkeypatch.setattr(threading.Thread, "start", cannot_start)
    assert settlement.submit(client, record, finished.set)
    settlement.flush(2)
    assert finished.is_set()
    assert requested.is_set()
    assert not release.is_set()
    release.set()
    assert record.usage is None


def test_flush_waits_for_the_background_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush waits for a request of the background thread that finishes within the timeout."""
    requested, finished = threading.Event(), threading.Event()

    def get(_: str, __: float) -> object:
        requested.set()
        time.sleep(0.05)
        return {"data": RECORD}

    settlement = Settlement()
    assert settlement.submit(api_client(get), ResponseRecord(id=ID), finished.set)
    assert requested.wait(60)
    settlement.flush(60)
    assert finished.is_set()


def test_flush_shortens_the_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll that failed in the background is repeated at once while a flush waits for it."""
    monkeypatch.setattr(settlement_module, "POLL_DELAYS", (0.0, 600.0, 600.0))
    requested, flush_waits, finished = threading.Event(), threading.Event(), threading.Event()
    record = ResponseRecord(id=ID)

    def get(_: str, __: float) -> object:
        if not requested.is_set():
            requested.set()
            assert flush_waits.wait(60)
            raise LookupError
        return {"data": RECORD}

    class WatchedSettlement(Settlement):
        def _next_due(self, until: float = math.inf) -> Any:
            if until < math.inf:
                flush_waits.set()
            return super()._next_due(until)

    settlement = WatchedSettlement()
    assert settlement.submit(api_client(get), record, finished.set)
    assert requested.wait(60)
    settlement.flush(60)
    assert finished.is_set()
    assert record.usage is not None


def test_fork_discards_pending_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child does not settle the pending calls of its parent."""
    monkeypatch.setattr(settlement_module, "POLL_DELAYS", (600.0,))
    settlement, finished = Settlement(), threading.Event()
    assert settlement.submit(api_client(lambda *_: {"data": RECORD}), ResponseRecord(id=ID), finished.set)
    settlement_module._reset_all_after_fork()
    settlement.close()
    assert not finished.is_set()


@pytest.mark.parametrize(("value", "on"), [("true", True), ("0", False)])
def test_option(monkeypatch: pytest.MonkeyPatch, value: str, on: bool) -> None:
    """`settle` is set by argument or by environment variable."""
    monkeypatch.setenv(f"{PREFIX}SETTLE", value)
    assert read_settings().settle is on
    assert read_settings(settle=True).settle is True

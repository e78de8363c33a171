"""Videos and batches: whichever client polls, the end of a job is one span with its usage, and the poll is unchanged."""

import asyncio
import contextlib
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import openai
import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._telemetry import job_poll
from opentelemetry.instrumentation.openrouter._telemetry.jobs import JOBS
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan

from tests.calling_styles import OPTIONS
from tests.http_calling_styles import HEADERS
from tests.polling_styles import POLLING, PollingStyle, outcome
from tests.scenarios import REQUEST_ATTRIBUTES, SCENARIOS
from tests.simulator import Reply, Simulator
from tests.simulator.jobs import BATCH_ID, VIDEO_GENERATION_ID, VIDEO_ID
from tests.telemetry import Telemetry, expected_span, span_data

# The OpenAI SDK deprecates its methods for videos, because its own service ends.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

IDS: Final = {"/videos": VIDEO_ID, "/batches": BATCH_ID}
KINDS: Final = tuple(IDS)
NAMES: Final = {"/videos": "video", "/batches": "batch"}
COSTS: Final = {"/videos": 0.5, "/batches": 0.00007}
MODEL: Final = "openai/gpt-4o-mini"
VIDEO: Final[dict[str, Any]] = {
    "gen_ai.output.type": "video",
    "gen_ai.response.id": VIDEO_GENERATION_ID,
    "openrouter.job.id": VIDEO_ID,
    "openrouter.job.status": "completed",
    "gen_ai.usage.cost": 0.5,
    "openrouter.usage.cost": 0.5,
    "openrouter.usage.is_byok": False,
}
BATCH: Final[dict[str, Any]] = {
    "gen_ai.response.model": MODEL,
    "openrouter.provider.name": "OpenAI",
    "openrouter.job.id": BATCH_ID,
    "openrouter.job.status": "completed",
    "openrouter.job.requests.total": 2,
    "openrouter.job.requests.completed": 1,
    "openrouter.job.requests.failed": 1,
    "gen_ai.usage.input_tokens": 43,
    "gen_ai.usage.output_tokens": 120,
    "gen_ai.usage.cache_read.input_tokens": 0,
    "gen_ai.usage.cache_write.input_tokens": 0,
    "gen_ai.usage.audio.input_tokens": 0,
    "openrouter.usage.video.input_tokens": 0,
    "gen_ai.usage.reasoning.output_tokens": 0,
    "gen_ai.usage.image.output_tokens": 0,
    "gen_ai.usage.audio.output_tokens": 0,
    "gen_ai.usage.cost": 0.00007,
    "openrouter.usage.cost": 0.00007,
    "openrouter.usage.upstream_inference_cost": 0.00007,
    "openrouter.usage.input_cost": 4e-05,
    "openrouter.usage.output_cost": 0.0001,
    "openrouter.usage.is_byok": False,
}
ENDS: Final = {"/videos": VIDEO, "/batches": BATCH}


@pytest.fixture(autouse=True)
def _new_process(openrouter: Simulator) -> Iterator[None]:
    """No job is known, as in a new process."""
    JOBS._submissions.clear()
    JOBS._recorded.clear()
    openrouter._polls.clear()
    yield
    openrouter.verbatim.clear()


def _submit(base_url: str, kind: str, **more: Any) -> None:
    request = SCENARIOS[kind[1:]]["hello"].request
    httpx.post(base_url + kind, json={**request, **more}, headers=HEADERS).raise_for_status()


def _poll(base_url: str, kind: str = "/videos", job: str = VIDEO_ID) -> httpx.Response:
    return httpx.get(f"{base_url}{kind}/{job}", headers=HEADERS)


def _expected_end(base_url: str, kind: str, attributes: dict[str, Any], *, model: bool = True) -> dict[str, Any]:
    name = f"{NAMES[kind]}_job"
    shared: dict[str, Any] = {
        **REQUEST_ATTRIBUTES,
        "gen_ai.operation.name": name,
        "server.port": urllib.parse.urlsplit(base_url).port,
    }
    if not model:
        del shared["gen_ai.request.model"]
    return expected_span(f"{name} {MODEL}" if model else name, {**shared, **attributes})


def _without_links(span: ReadableSpan) -> dict[str, Any]:
    return {**span_data(span), "links": []}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", [pytest.param(style, id=name) for name, style in POLLING.items()])
def test_a_job(telemetry: Telemetry, openrouter: Simulator, style: PollingStyle, kind: str) -> None:
    """The first poll that finds the job ended gives its span, linked to the submission; no other poll gives one."""
    base_url, job = openrouter.base_url("hello"), IDS[kind]
    _submit(base_url, kind)
    style(base_url, kind, job)
    submission = telemetry.one_span()
    assert submission.name == f"{NAMES[kind]} {MODEL}"
    results = [outcome(style, base_url, kind, job) for _ in range(3)]
    _, end = telemetry.raw_spans
    assert _without_links(end) == _expected_end(base_url, kind, ENDS[kind])
    assert [link.context for link in end.links] == [submission.context]
    assert not telemetry.started.open
    (cost,) = telemetry.points()["gen_ai.usage.cost"]
    assert (cost[0]["gen_ai.request.model"], cost[1:]) == (MODEL, (1, COSTS[kind]))
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.client.operation.duration"]) == 2
    OpenRouterInstrumentor().uninstrument()
    assert results == [outcome(style, base_url, kind, job)] * 3
    assert "canary" not in str([span_data(span) for span in telemetry.raw_spans])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", [pytest.param(style, id=name) for name, style in POLLING.items()])
def test_a_job_of_another_process(telemetry: Telemetry, openrouter: Simulator, style: PollingStyle, kind: str) -> None:
    """A job that was submitted elsewhere is recorded too, without the model of the request and without a link."""
    base_url = openrouter.base_url("hello")
    for _ in range(3):
        style(base_url, kind, IDS[kind])
    assert span_data(telemetry.one_span()) == _expected_end(base_url, kind, ENDS[kind], model=False)


@pytest.mark.parametrize(
    ("status", "message"), [("failed", "Generation failed"), ("cancelled", None), ("expired", "Not finished in time")]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_job_without_a_result(
    telemetry: Telemetry, openrouter: Simulator, kind: str, status: str, message: str | None
) -> None:
    """A job that failed, was cancelled or expired is an error without a cost."""
    for _ in range(3):
        _poll(openrouter.base_url(f"job_{status}"), kind, IDS[kind])
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert (attributes["error.type"], attributes["openrouter.job.status"]) == (f"job_{status}", status)
    assert (span.status.status_code.name, span.status.description) == ("ERROR", message)
    assert "gen_ai.usage.cost" not in attributes
    points = telemetry.points()
    assert "gen_ai.usage.cost" not in points
    ((duration, count, _),) = points["gen_ai.client.operation.duration"]
    assert (duration["error.type"], count) == (f"job_{status}", 1)


@pytest.mark.parametrize(
    "reply",
    [
        Reply([b'{"error": {"code": 404, "message": "Job not found"}}'], status=404),
        Reply([b'{"error": {"code": 429, "message": "Slow down"}}'], status=429),
        Reply([b'{"status": "completed", "cut'], headers={}),
        Reply([b"<html>"], "text/html"),
        Reply([b'data: {"id": "x", "status": "pending"}\n\n', b"data: [DONE]\n\n"], "text/event-stream"),
        Reply([b'[{"status": "completed"}]']),
        Reply([b"null"]),
        Reply([b""]),
    ],
    ids=["404", "429", "cut", "html", "events", "list", "null", "empty"],
)
@pytest.mark.parametrize("style", [pytest.param(style, id=name) for name, style in POLLING.items()])
def test_a_poll_that_fails(telemetry: Telemetry, openrouter: Simulator, style: PollingStyle, reply: Reply) -> None:
    """A poll without a job in its response gives no span, and its outcome is unchanged; a later one finds the job."""
    base_url = openrouter.base_url("hello")
    openrouter.verbatim["hello/videos"] = reply
    found = outcome(style, base_url, "/videos", VIDEO_ID)
    OpenRouterInstrumentor().uninstrument()
    assert found == outcome(style, base_url, "/videos", VIDEO_ID)
    assert telemetry.raw_spans == []
    assert telemetry.points() == {}
    telemetry.instrument([openrouter.url])
    del openrouter.verbatim["hello/videos"]
    for _ in range(2):
        style(base_url, "/videos", VIDEO_ID)
    assert telemetry.one_span().name == "video_job"


@pytest.mark.parametrize("path", ["/videos/models", "/videos", f"/videos/{VIDEO_ID}/content", "/generation?id=x"])
def test_other_requests(
    telemetry: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI], path: str
) -> None:
    """Other GET requests give no span: lists, content, and other endpoints."""
    openrouter.verbatim["hello"] = openrouter.verbatim["hello/videos"] = Reply([b'{"data": [], "id": "x"}'])
    openrouter.verbatim["hello/generation"] = Reply([b'{"status": "completed"}'])
    client("hello").get(path, cast_to=object)
    httpx.delete(f"{openrouter.base_url('hello')}/videos/{VIDEO_ID}")
    assert httpx.get(openrouter.base_url("hello") + path).status_code == 200
    assert telemetry.raw_spans == []


def test_concurrent_polls(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Many threads and clients that poll at once record a job once."""
    base_url = openrouter.base_url("hello")
    _poll(base_url)
    styles = [POLLING[name] for name in ("openai get", "httpx get", "requests get", "aiohttp get")] * 4
    barrier = threading.Barrier(len(styles))

    def poll(style: PollingStyle) -> Any:
        barrier.wait()
        return style(base_url, "/videos", VIDEO_ID)["status"]

    with ThreadPoolExecutor(len(styles)) as threads:
        assert set(threads.map(poll, styles)) == {"completed"}
    assert span_data(telemetry.one_span()) == _expected_end(base_url, "/videos", VIDEO, model=False)


def test_instrumented_again(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A job is recorded once for each process, also when the instrumentation is enabled again; links stay too."""
    base_url = openrouter.base_url("hello")
    _submit(base_url, "/videos")
    telemetry.reinstrument([openrouter.url])
    for _ in range(2):
        _poll(base_url)
    telemetry.reinstrument([openrouter.url])
    _poll(base_url)
    submission, end = telemetry.raw_spans
    assert [link.context for link in end.links] == [submission.context]


def test_who_pays(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The end of the job has the user, the session and the baggage of the submission, also on its metrics."""
    telemetry.reinstrument([openrouter.url], metric_attributes=["tenant.id"], baggage_keys=["tenant.id"])
    base_url = openrouter.base_url("hello")
    token = context.attach(baggage.set_baggage("tenant.id", "acme"))
    _submit(base_url, "/videos", user="u-1", session_id="s-1")
    context.detach(token)
    for _ in range(2):
        _poll(base_url)
    attributes = dict(telemetry.raw_spans[-1].attributes or {})
    assert [attributes[name] for name in ("user.id", "session.id", "tenant.id")] == ["u-1", "s-1", "acme"]
    ((cost, _, _),) = telemetry.points()["gen_ai.usage.cost"]
    assert cost["tenant.id"] == "acme"


def test_the_context_of_a_poll(telemetry: Telemetry, openrouter: Simulator) -> None:
    """While a poll is sent, the current span is the caller's, which is the parent of the span of the job."""
    seen: list[trace.Span] = []

    def on_request(_: httpx.Request) -> None:
        seen.append(trace.get_current_span())

    tracer = telemetry.tracer_provider.get_tracer("caller")
    with httpx.Client(event_hooks={"request": [on_request]}) as http, tracer.start_as_current_span("caller") as span:
        for _ in range(2):
            http.get(f"{openrouter.base_url('hello')}/videos/{VIDEO_ID}")
    assert seen == [span, span]
    end, _ = telemetry.raw_spans
    assert end.parent == span.get_span_context()


def test_suppressed(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Where instrumentation is suppressed, a poll records nothing, and a later one does."""
    with suppress_instrumentation():
        for _ in range(2):
            _poll(openrouter.base_url("hello"))
    assert telemetry.raw_spans == []
    _poll(openrouter.base_url("hello"))
    assert telemetry.one_span().name == "video_job"


def test_a_submission_that_has_ended(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A submission whose response has the usage already has the cost, and no poll adds it again."""
    body = b'{"id": "v-1", "status": "completed", "usage": {"cost": 0.25}}'
    openrouter.verbatim["hello"] = openrouter.verbatim["hello/videos"] = Reply([body])
    base_url = openrouter.base_url("hello")
    _submit(base_url, "/videos")
    _poll(base_url, job="v-1")
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.25


def test_options_that_send(telemetry: Telemetry, openrouter: Simulator) -> None:
    """`settle` waits for no usage of a submission, and `broadcast` adds nothing to a poll."""
    telemetry.reinstrument([openrouter.url], settle=True, broadcast="join")
    base_url = openrouter.base_url("hello")
    openrouter.received.clear()
    with httpx.stream("POST", f"{base_url}/videos", json={"model": MODEL}, headers=HEADERS) as response:
        response.read()
    assert [span.name for span in telemetry.exporter.get_finished_spans()] == [f"video {MODEL}"]
    for _ in range(2):
        httpx.request("GET", f"{base_url}/videos/{VIDEO_ID}", json={"a": 1}, headers=HEADERS)
    polls = openrouter.received[1:]
    assert [(poll.method, poll.body.replace(b" ", b"")) for poll in polls] == [("GET", b'{"a":1}')] * 2


def test_a_poll_that_is_dropped(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A poll whose body is not read, or that is cancelled, records nothing."""
    base_url = openrouter.base_url("hello")
    _poll(base_url)
    with httpx.stream("GET", f"{base_url}/videos/{VIDEO_ID}"):
        pass

    async def cancelled() -> None:
        async with httpx.AsyncClient() as http:
            task = asyncio.create_task(http.get(f"{base_url}/videos/{VIDEO_ID}"))
            await asyncio.sleep(0)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert telemetry.raw_spans == []
    _poll(base_url)
    assert telemetry.one_span().name == "video_job"


def test_content(telemetry: Telemetry, openrouter: Simulator) -> None:
    """With content capture the submission of a video has its prompt; a batch and a poll have no content."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    base_url = openrouter.base_url("hello")
    for kind in KINDS:
        _submit(base_url, kind)
        for _ in range(2):
            _poll(base_url, kind, IDS[kind])
    spans = {span.name.partition(" ")[0]: dict(span.attributes or {}) for span in telemetry.raw_spans}
    assert [name for name, attributes in spans.items() if "gen_ai.input.messages" in attributes] == ["video"]
    assert "secret" not in str(spans)
    assert len(spans) == 4


@pytest.mark.internal_error
def test_a_fault_costs_no_poll(
    telemetry: Telemetry, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An internal error costs the span of a job, not the poll."""

    def fail(*_: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(job_poll, "has_ended", fail)
    for style in POLLING.values():
        assert outcome(style, openrouter.base_url("hello"), "/videos", VIDEO_ID)["id"] == VIDEO_ID
    assert telemetry.raw_spans == []
    assert "bug" in caplog.text


@pytest.mark.parametrize("name", ["openai", "openai async", "httpx", "openrouter"])
def test_decisions(telemetry: Telemetry, openrouter: Simulator, name: str) -> None:
    """`/api/alpha/decisions` is beside the API's version; it is a call of the same client."""
    base_url, scenario = openrouter.base_url("hello"), SCENARIOS["decisions"]["hello"]
    url, request = base_url.replace("/v1", "/alpha/decisions"), scenario.request

    async def post() -> Any:
        async with openai.AsyncOpenAI(base_url=base_url, **OPTIONS) as client:
            return await client.post(url, cast_to=object, body=request)

    if name == "httpx":
        assert httpx.post(url, json=request, headers=HEADERS).json()["answers"]
    elif name == "openai async":
        assert asyncio.run(post())["answers"]
    elif name == "openai":
        with openai.OpenAI(base_url=base_url, **OPTIONS) as client:
            assert client.post(url, cast_to=httpx.Response, body=request).json()["answers"]
    else:
        decisions = pytest.importorskip("openrouter.decisions")
        sdk = pytest.importorskip("openrouter").OpenRouter(api_key="sk-or-canary", retry_config=None)
        server = base_url.removesuffix("/api/v1")
        assert decisions.Decisions(sdk.sdk_configuration).create(**request, server_url=server).answers
    assert scenario.non_streamed is not None
    assert span_data(telemetry.one_span()) == expected_span(
        f"decisions {MODEL}",
        {
            **REQUEST_ATTRIBUTES,
            **scenario.request_attributes,
            **scenario.non_streamed.attributes,
            "server.port": urllib.parse.urlsplit(base_url).port,
        },
    )


def test_other_requests_of_openrouters_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Requests of OpenRouter's own SDK that are neither a call nor a poll give no span."""
    pytest.importorskip("openrouter.batch")
    sdk = pytest.importorskip("openrouter").OpenRouter(
        api_key="sk-or-canary", server_url=openrouter.base_url("hello"), retry_config=None
    )
    with sdk:
        for request in (lambda: sdk.batch.delete(id=BATCH_ID), sdk.batch.list, sdk.models.list):
            with contextlib.suppress(Exception):  # the simulator does not have these endpoints
                request()
    assert telemetry.raw_spans == []
    assert telemetry.points() == {}

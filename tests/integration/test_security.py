"""The threat table of docs/security.md, one test a row: which data leaves the process, and hostile responses."""

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS

from tests.calling_styles import STREAMED, WHOLE, Way
from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, gauges

Make = Callable[..., openai.OpenAI]
CANARY: Final = "canary-7f3a"
KEY: Final = f"sk-or-v1-{CANARY}"


def _all_told(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> str:
    """All that left: spans with names, statuses, events and links; metrics; events; our log, at debug level."""
    spans = [span.to_json() for span in telemetry.raw_spans]
    metrics = telemetry.reader.get_metrics_data()
    emitted = [str(record.attributes) + str(record.body) for record in telemetry.emitted.records]
    ours = [
        logging.Formatter().format(record) for record in caplog.records if record.name.startswith("opentelemetry.instr")
    ]
    return "\n".join([*spans, str(metrics.to_json() if metrics else ""), *emitted, *ours])


def _everything_on(telemetry: Telemetry, openrouter: Simulator) -> None:
    telemetry.again(
        [openrouter.url], dialects=list(DIALECTS), settle=True, budget=True, broadcast="link", baggage_keys=["tenant"]
    )


# What is sent with canaries in each place that has no business outside.
SECRETIVE: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "messages": [
        {"role": "system", "content": f"system {CANARY}"},
        {"role": "user", "content": f"user {CANARY}", "name": CANARY},
    ],
    "tools": [{"type": "function", "function": {"name": CANARY, "parameters": {"type": "object"}}}],
    "extra_headers": {"X-Secret": CANARY, "Cookie": CANARY, "X-OpenRouter-Metadata": CANARY},
    "extra_query": {"token": CANARY},
    "extra_body": {
        "unknown": CANARY,
        "prompt_cache_key": CANARY,
        "safety_identifier": CANARY,
        "provider": {"order": ["azure"], "secret": CANARY},
        "plugins": [{"id": "web", "key": CANARY}],
        "reasoning": {"effort": "low", "secret": CANARY},
    },
}
TOLD_CARELESSLY: Final = {
    "error": {
        "message": "No",
        "code": 403,
        "metadata": {"flagged_input": CANARY, "raw": CANARY, "headers": {"x": CANARY}, "reasons": [CANARY]},
        "secret": CANARY,
    },
    "user_id": CANARY,
    "secret": CANARY,
}


def _careless(status: int) -> Reply:
    headers = {"Set-Cookie": CANARY, "X-Secret": CANARY, "Authorization": CANARY}
    return Reply([json.dumps(TOLD_CARELESSLY).encode()], status=status, headers=headers)


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("stream", [False, True])
def test_nothing_secret_leaves(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: Make,
    caplog: pytest.LogCaptureFixture,
    status: int,
    stream: bool,
) -> None:
    """Key, headers, messages, tools, unknown fields, and what an error body says of the user."""
    _everything_on(telemetry, openrouter)
    openrouter.verbatim["careless"] = _careless(status)
    own = client("careless", api_key=KEY, default_headers={"X-Own": CANARY}, organization=CANARY, project=CANARY)
    try:
        answer: Any = own.chat.completions.create(**SECRETIVE, stream=stream)
        if stream:
            list(answer)
    except openai.APIError:
        assert status != 200 or stream
    gauges(telemetry)
    assert telemetry.raw_spans
    assert CANARY not in _all_told(telemetry, caplog)


@pytest.mark.parametrize("way", [*WHOLE.values(), *STREAMED.values()], ids=[*WHOLE, *STREAMED])
def test_nothing_secret_leaves_in_any_colour(
    telemetry: Telemetry, openrouter: Simulator, caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    """What was said and answered stays, in every way of calling."""
    _everything_on(telemetry, openrouter)
    way(openrouter.base_url("every_part"), {**REQUEST, "messages": [{"role": "user", "content": CANARY}]})
    told = _all_told(telemetry, caplog)
    assert "openrouter.usage.cost" in told
    assert CANARY not in told
    assert "sk-or-canary" not in told
    assert "sunny" not in told  # the answer
    assert "secret_" not in told


@pytest.mark.internal_error
def test_our_own_failure_tells_no_secret(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bug of ours warns without the text of its exception, which may quote what it stumbled over."""

    def stumble(*_: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr("opentelemetry.instrumentation.openrouter._clients.base.request_attributes", stumble)
    caplog.set_level(logging.WARNING, logger="opentelemetry.instrumentation.openrouter")
    client("hello").chat.completions.create(**REQUEST)
    assert "failed in" in caplog.text
    assert CANARY not in _all_told(telemetry, caplog)


# Hosts.


@pytest.mark.parametrize(
    "base_url",
    [
        "https://openrouter.ai.evil.example/api/v1",
        "https://evilopenrouter.ai/api/v1",
        "https://openrouter.ai@evil.example/api/v1",
        "https://evil.example/openrouter.ai/api/v1",
        "https://evil.example/api/v1?openrouter.ai",
        "https://evil.example/api/v1#openrouter.ai",
        "https://evil.example:443/openrouter/api/v1",
        "https://openrouter.ai-evil.example/api/v1",
        "https://openrouterxai/api/v1",
        "https://gateway.ai.cloudflare.com.evil.example/v1/a/b/openrouter",
    ],
)
def test_look_alikes(telemetry: Telemetry, base_url: str) -> None:
    """A host that merely looks like OpenRouter is another's."""
    telemetry.again()
    with (
        openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0, timeout=0.001) as client,
        pytest.raises(openai.APIError),
    ):
        client.chat.completions.create(**REQUEST)
    assert not telemetry.raw_spans


def _somewhere_else(seen: list[bytes]) -> socket.socket:
    """A listener of another origin that notes what it is sent."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            seen.append(connection.recv(65536))
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"data": {"limit": 666}}')
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener


@pytest.mark.skipif(not hasattr(openai, "omit"), reason="this SDK always follows, and drops the key on the way")
def test_questions_are_not_redirected(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """What is asked for `budget` and `settle` goes to the client's own host, or nowhere."""
    _everything_on(telemetry, openrouter)
    seen: list[bytes] = []
    with _somewhere_else(seen) as listener:
        location = f"http://127.0.0.1:{listener.getsockname()[1]}/stolen"
        redirect = Reply([b""], status=302, headers={"Location": location})
        openrouter.verbatim["moved/key"] = openrouter.verbatim["moved/generation"] = redirect
        openrouter.verbatim["moved"] = Reply([b'{"choices": []}'])
        client("moved", api_key=KEY).chat.completions.create(**REQUEST)
        assert not any(gauges(telemetry).values())
        listener.shutdown(socket.SHUT_RDWR)
    assert not seen


# What a hostile answer can do.


def _flood(count: int) -> dict[str, Any]:
    return {f"key_{number}": number for number in range(count)}


HOSTILE: Final[dict[str, dict[str, Any]]] = {
    "flood of tools": {"usage": {"cost": 0.1, "server_tool_use_details": _flood(100_000)}},
    "long keys": {"usage": {"cost": 0.1, "server_tool_use_details": {"k" * 1_000_000: 1}}},
    "flood of choices": {
        "choices": [{"index": n, "finish_reason": "stop", "native_finish_reason": "x" * 5_000} for n in range(1_000)]
    },
    "giant names": {"id": "x" * 5_000_000, "model": "x" * 5_000_000, "provider": "x" * 5_000_000},
    "giant error": {"error": {"message": "x" * 5_000_000, "code": "y" * 5_000_000}},
    "flood of attempts": {"openrouter_metadata": {"attempts": [{"provider": "p" * 5_000, "status": 200}] * 1_000}},
    "giant routing": {"openrouter_metadata": {"strategy": "s" * 5_000_000, **_flood(10_000)}},
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=[*HOSTILE])
@pytest.mark.parametrize("stream", [False, True])
def test_floods(telemetry: Telemetry, openrouter: Simulator, client: Make, body: dict[str, Any], stream: bool) -> None:
    """A span stays a span: few attributes, each of a bounded size."""
    whole = {"id": "gen-1", "choices": [{"index": 0, "delta": {"content": "Hi"}, "message": {}}], **body}
    text = json.dumps(whole).encode()
    openrouter.verbatim["flood"] = (
        Reply([b"data: " + text + b"\n\ndata: [DONE]\n\n"], content_type="text/event-stream")
        if stream
        else Reply([text])
    )
    try:
        answer: Any = client("flood").chat.completions.create(**REQUEST, stream=stream)
        if stream:
            list(answer)
    except openai.APIError:
        assert stream
        assert "error" in body
    span = telemetry.one_span()
    attributes = dict(span.attributes or {})
    assert len(attributes) < 60
    for name, value in attributes.items():
        assert len(name) < 5_000
        assert len(value if isinstance(value, tuple) else str(value)) <= 4_096
        if isinstance(value, tuple):
            assert len(value) <= 64
            assert all(len(str(each)) <= 4_096 for each in value)
    assert len(span.status.description or "") <= 4_096


def _body(error: Any) -> Any:
    return error.body


def test_terminal_is_not_steered(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Control characters of a message or a name are blanks; lines and letters of any script stay."""
    message = "\x1b[2J\x1b]0;owned\x07 Zu teuer:\n 3 €\x00 \u202egnp.exe"
    error = {"message": message, "code": 402, "metadata": {"provider_name": "Az\x1b[31mure"}}
    openrouter.verbatim["ansi"] = Reply([json.dumps({"error": error}).encode()], status=402)
    with pytest.raises(openai.APIStatusError) as raised:
        client("ansi").chat.completions.create(**REQUEST)
    span = telemetry.one_span()
    assert span.status.description == " [2J ]0;owned  Zu teuer:\n 3 €   gnp.exe"
    assert (span.attributes or {})["openrouter.provider.name"] == "Az [31mure"
    assert "\x1b" in _body(raised.value)["message"]  # the caller's exception is as it was


def test_headers_cannot_pretend(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Of the headers of an answer five are read, and cut."""
    headers = {"X-Provider-Name": "p" * 6_000, "X-Generation-Id": "g" * 6_000, "X-Secret": CANARY}
    openrouter.verbatim["headers"] = Reply([b'{"choices": []}'], headers=headers)
    client("headers").chat.completions.create(**REQUEST)
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["openrouter.provider.name"] == "p" * 4_096
    assert attributes["gen_ai.response.id"] == "g" * 4_096
    assert CANARY not in str(attributes)

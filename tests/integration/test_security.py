"""The threat table of docs/security.md, one test for each row: data that leaves the process, and hostile responses."""

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS

from tests.calling_styles import NON_STREAMED, STREAMED, CallingStyle
from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, gauges

Make = Callable[..., openai.OpenAI]
CANARY: Final = "canary-7f3a"
KEY: Final = f"sk-or-v1-{CANARY}"


def _exported(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> str:
    """Return everything that leaves the process as text: spans, metrics, events, and our log at debug level."""
    spans = [span.to_json() for span in telemetry.raw_spans]
    metrics = telemetry.reader.get_metrics_data()
    emitted = [str(record.attributes) + str(record.body) for record in telemetry.emitted.records]
    ours = [
        logging.Formatter().format(record) for record in caplog.records if record.name.startswith("opentelemetry.instr")
    ]
    return "\n".join([*spans, str(metrics.to_json() if metrics else ""), *emitted, *ours])


def _enable_all_options(telemetry: Telemetry, openrouter: Simulator) -> None:
    telemetry.reinstrument(
        [openrouter.url], dialects=list(DIALECTS), settle=True, budget=True, broadcast="link", baggage_keys=["tenant"]
    )


# A request with a canary in every field that must not be exported.
SECRET_REQUEST: Final[dict[str, Any]] = {
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
SECRET_ERROR: Final = {
    "error": {
        "message": "No",
        "code": 403,
        "metadata": {"flagged_input": CANARY, "raw": CANARY, "headers": {"x": CANARY}, "reasons": [CANARY]},
        "secret": CANARY,
    },
    "user_id": CANARY,
    "secret": CANARY,
}


def _reply_with_secrets(status: int) -> Reply:
    headers = {"Set-Cookie": CANARY, "X-Secret": CANARY, "Authorization": CANARY}
    return Reply([json.dumps(SECRET_ERROR).encode()], status=status, headers=headers)


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("stream", [False, True])
def test_no_secret_is_exported(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: Make,
    caplog: pytest.LogCaptureFixture,
    status: int,
    stream: bool,
) -> None:
    """The API key, headers, messages, tools, unknown fields and the user data of an error body are not exported."""
    _enable_all_options(telemetry, openrouter)
    openrouter.verbatim["secrets"] = _reply_with_secrets(status)
    own_client = client("secrets", api_key=KEY, default_headers={"X-Own": CANARY}, organization=CANARY, project=CANARY)
    try:
        result: Any = own_client.chat.completions.create(**SECRET_REQUEST, stream=stream)
        if stream:
            list(result)
    except openai.APIError:
        assert status != 200 or stream
    gauges(telemetry)
    assert telemetry.raw_spans
    assert CANARY not in _exported(telemetry, caplog)


@pytest.mark.parametrize("style", [*NON_STREAMED.values(), *STREAMED.values()], ids=[*NON_STREAMED, *STREAMED])
def test_no_secret_is_exported_in_any_calling_style(
    telemetry: Telemetry, openrouter: Simulator, caplog: pytest.LogCaptureFixture, style: CallingStyle
) -> None:
    """Messages and responses are not exported by default, in any calling style."""
    _enable_all_options(telemetry, openrouter)
    style(openrouter.base_url("every_part"), {**REQUEST, "messages": [{"role": "user", "content": CANARY}]})
    exported = _exported(telemetry, caplog)
    assert "openrouter.usage.cost" in exported
    assert CANARY not in exported
    assert "sk-or-canary" not in exported
    assert "sunny" not in exported  # the text of the response
    assert "secret_" not in exported


@pytest.mark.internal_error
def test_internal_error_logs_no_secret(
    telemetry: Telemetry,
    openrouter: Simulator,
    client: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The warning for an internal error does not have the text of the exception, which may quote data of the call."""

    def fail(*_: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr("opentelemetry.instrumentation.openrouter._clients.base.start_call", fail)
    caplog.set_level(logging.WARNING, logger="opentelemetry.instrumentation.openrouter")
    client("hello").chat.completions.create(**REQUEST)
    assert "failed in" in caplog.text
    assert CANARY not in _exported(telemetry, caplog)


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
def test_look_alike_hosts(telemetry: Telemetry, base_url: str) -> None:
    """A call to a host that only looks like OpenRouter's is not traced."""
    telemetry.reinstrument()
    with (
        openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0, timeout=0.001) as client,
        pytest.raises(openai.APIError),
    ):
        client.chat.completions.create(**REQUEST)
    assert not telemetry.raw_spans


def _listen(received: list[bytes]) -> socket.socket:
    """Start a server of another origin that records the requests it receives."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            received.append(connection.recv(65536))
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"data": {"limit": 666}}')
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_api_requests_do_not_follow_redirects(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The requests of `budget` and `settle` do not follow a redirect to another host."""
    _enable_all_options(telemetry, openrouter)
    received: list[bytes] = []
    with _listen(received) as listener:
        location = f"http://127.0.0.1:{listener.getsockname()[1]}/stolen"
        redirect = Reply([b""], status=302, headers={"Location": location})
        openrouter.verbatim["moved/key"] = openrouter.verbatim["moved/generation"] = redirect
        openrouter.verbatim["moved"] = Reply([b'{"choices": []}'])
        client("moved", api_key=KEY).chat.completions.create(**REQUEST)
        assert not any(gauges(telemetry).values())
        listener.shutdown(socket.SHUT_RDWR)
    assert not received


# Hostile responses.


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
def test_attributes_are_bounded(
    telemetry: Telemetry, openrouter: Simulator, client: Make, body: dict[str, Any], stream: bool
) -> None:
    """A hostile response gives a span with few attributes, each of bounded size."""
    whole = {"id": "gen-1", "choices": [{"index": 0, "delta": {"content": "Hi"}, "message": {}}], **body}
    text = json.dumps(whole).encode()
    openrouter.verbatim["flood"] = (
        Reply([b"data: " + text + b"\n\ndata: [DONE]\n\n"], content_type="text/event-stream")
        if stream
        else Reply([text])
    )
    try:
        result: Any = client("flood").chat.completions.create(**REQUEST, stream=stream)
        if stream:
            list(result)
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


def test_control_characters(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Control characters in error messages and names are replaced by spaces; newlines and letters of any script are kept."""
    message = "\x1b[2J\x1b]0;owned\x07 Zu teuer:\n 3 €\x00 \u202egnp.exe"
    error = {"message": message, "code": 402, "metadata": {"provider_name": "Az\x1b[31mure"}}
    openrouter.verbatim["ansi"] = Reply([json.dumps({"error": error}).encode()], status=402)
    with pytest.raises(openai.APIStatusError) as raised:
        client("ansi").chat.completions.create(**REQUEST)
    span = telemetry.one_span()
    assert span.status.description == " [2J ]0;owned  Zu teuer:\n 3 €   gnp.exe"
    assert (span.attributes or {})["openrouter.provider.name"] == "Az [31mure"
    assert "\x1b" in _body(raised.value)["message"]  # the caller's exception is unchanged


def test_response_headers_are_bounded(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Only known response headers are read, and their values are truncated."""
    headers = {"X-Provider-Name": "p" * 6_000, "X-Generation-Id": "g" * 6_000, "X-Secret": CANARY}
    openrouter.verbatim["headers"] = Reply([b'{"choices": []}'], headers=headers)
    client("headers").chat.completions.create(**REQUEST)
    attributes = dict(telemetry.one_span().attributes or {})
    assert attributes["openrouter.provider.name"] == "p" * 4_096
    assert attributes["gen_ai.response.id"] == "g" * 4_096
    assert CANARY not in str(attributes)

"""The addresses of the exporters, with a real OTLP receiver; base URLs of clients."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest
from opentelemetry.instrumentation.openrouter._cli.diagnosis import reachability

from tests.integration.doctor.conftest import Doctor, causes, text_of, texts
from tests.otlp import Receiver

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
BASE_URLS = "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS"


@pytest.fixture(autouse=True)
def otlp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return reserved.getsockname()[1]


@pytest.fixture
def answering() -> Iterator[Callable[[int], tuple[str, list[str]]]]:
    """Return a function that starts a server which answers each request with a status, and records it."""
    with ExitStack() as stack:

        def start(status: int) -> tuple[str, list[str]]:
            received: list[str] = []

            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    received.append(f"{self.path} {self.headers['x-key']} {self.headers['content-length']}")
                    self.send_response(status)
                    self.send_header("location", "http://127.0.0.1:1/elsewhere")
                    self.end_headers()

                def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the name in the base class

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            thread = Thread(target=server.serve_forever)
            thread.start()
            stack.callback(lambda: (server.shutdown(), thread.join(), server.server_close()))
            return f"http://127.0.0.1:{server.server_port}", received

        yield start


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_receiver_answers(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    """A real receiver accepts the request, which has no span; with `--offline` nothing is sent."""
    with Receiver() as receiver:
        address = receiver.grpc if protocol == "grpc" else receiver.http
        monkeypatch.setenv(ENDPOINT, address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        findings = doctor()
        assert causes(findings) == []
        host = address.removeprefix("http://")
        assert texts(findings, "addresses") == [f"traces are sent to {host} by {protocol}, which answers"]
        assert receiver.spans() == []
        assert receiver.refused == []
        exports = len(receiver.exports)
        assert "(not tried: --offline)" in texts(doctor("--offline"), "addresses")[0]
        assert len(receiver.exports) == exports


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_unreachable(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, closed_port: int, protocol: str) -> None:
    """What does not answer is one finding, not one for each signal."""
    for signal in ("METRICS", "LOGS"):
        monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv(ENDPOINT, f"http://user:canary@127.0.0.1:{closed_port}")
    findings = doctor()
    assert causes(findings) == ["exporter-unreachable"]
    text = text_of(findings, "exporter-unreachable")
    assert text.startswith(f"127.0.0.1:{closed_port} does not answer (ConnectionRefusedError), so traces do not arrive")


def test_unreachable_default(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    """The finding states that no variable has the address; without metrics there is still a span."""
    monkeypatch.setattr(
        "opentelemetry.instrumentation.openrouter._cli.diagnosis.exporters._DEFAULT_URLS",
        {"http/protobuf": f"http://127.0.0.1:{closed_port}"},
    )
    assert f"127.0.0.1:{closed_port}, the default address, does not" in text_of(doctor(), "exporter-unreachable")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    (finding,) = [each for each in doctor() if each["cause"]]
    assert finding["level"] == "warning"


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (401, "correct OTEL_EXPORTER_OTLP_HEADERS"),
        (403, "correct OTEL_EXPORTER_OTLP_HEADERS"),
        (404, f"correct the path of {ENDPOINT}, to which /v1/traces is added"),
        (302, f"correct the path of {ENDPOINT}"),
        (503, "look at the log of the server"),
    ],
)
def test_refused(
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
    answering: Callable[[int], tuple[str, list[str]]],
    status: int,
    cure: str,
) -> None:
    """The request has the headers of the exporter; a redirect is not followed, so they go nowhere else."""
    url, received = answering(status)
    monkeypatch.setenv(ENDPOINT, f"{url}/path?x=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{url}/path?x=1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=canary%20value,wrong")
    findings = doctor()
    assert causes(findings) == ["export-refused"]
    assert f"refuses traces with the status {status}: {cure}" in text_of(findings, "export-refused")
    assert received == ["/path?x=1 canary value 0"]
    assert "canary" not in str(findings)


def test_refused_metrics(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, answering: Callable[[int], tuple[str, list[str]]]
) -> None:
    """A backend without metrics is a warning with the variable that turns them off. Status 400 is an answer."""
    traces, _ = answering(400)
    metrics, received = answering(404)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces)
    monkeypatch.setenv(ENDPOINT, f"{metrics}/")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    findings = doctor()
    assert causes(findings) == ["export-refused"]
    assert text_of(findings, "export-refused").endswith(", or set OTEL_METRICS_EXPORTER=none.")
    assert [each["level"] for each in findings if each["cause"]] == ["warning"]
    assert received == ["/v1/metrics None 0"]


@pytest.mark.parametrize("url", ["localhost:4318", "http:///x", "http://x:port", "http://x:99999", "ftp://x"])
def test_invalid_endpoint(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(ENDPOINT, url)
    assert "is no URL with a host" in text_of(doctor(), "endpoint-invalid")


def test_request_that_cannot_be_sent(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    """A header with a line break, or a host that no DNS accepts, is a finding without its value."""
    monkeypatch.setenv(ENDPOINT, f"http://{'a' * 64}.invalid:{closed_port}")
    assert causes(doctor()) == ["exporter-unreachable"]
    with Receiver() as receiver:
        monkeypatch.setenv(ENDPOINT, receiver.http)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=canary%0Acanary")
        text = text_of(doctor(), "exporter-unreachable")
    assert "does not answer (ValueError)" in text
    assert "canary" not in text


def test_grpc_without_scheme(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """GRPC accepts an address without a scheme; the same address of three signals is one line."""
    for signal in ("METRICS", "LOGS"):
        monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv(ENDPOINT, "collector.example:4317")
    assert texts(doctor("--offline"), "addresses") == [
        "traces are sent to collector.example:4317 by grpc (not tried: --offline)"
    ]


@pytest.mark.parametrize(
    ("protocol", "port", "usual"), [("grpc", 4318, "http/protobuf"), ("http/protobuf", 4317, "grpc")]
)
def test_port_of_the_other_protocol(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, protocol: str, port: int, usual: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv(ENDPOINT, f"http://collector.example:{port}")
    findings = doctor("--offline")
    assert causes(findings) == ["port-of-other-protocol"]
    assert f"set OTEL_EXPORTER_OTLP_PROTOCOL={usual}" in text_of(findings, "port-of-other-protocol")


def test_proxy(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is not tried, except for a host that does not use it."""
    monkeypatch.setenv("http_proxy", "http://user:canary@proxy.example:1")
    monkeypatch.setenv(ENDPOINT, "http://collector.invalid")
    assert "(not tried: a proxy is configured)" in texts(doctor(), "addresses")[0]
    monkeypatch.setenv("no_proxy", "collector.invalid")
    assert causes(doctor()) == ["exporter-unreachable"]


def test_https(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, answering: Callable[[int], tuple[str, list[str]]]
) -> None:
    """An https address of a server without TLS does not answer; the port is that of https by default."""
    url, _ = answering(200)
    monkeypatch.setenv(ENDPOINT, url.replace("http:", "https:"))
    assert "(SSLError)" in text_of(doctor(), "exporter-unreachable")

    def refuse(*_: object) -> int:
        raise ssl.SSLCertVerificationError

    monkeypatch.setattr(reachability, "_post", refuse)
    monkeypatch.setenv(ENDPOINT, "https://collector.invalid")
    assert "(the certificate is not valid)" in text_of(doctor(), "exporter-unreachable")


# The dialects of the backends.


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("http://localhost:6006", "phoenix"),
        ("https://phoenix.internal", "phoenix"),
        ("https://cloud.langfuse.com/api/public/otel", "langfuse"),
        ("https://api.smith.langchain.com/otel", "langsmith"),
        ("https://logfire-eu.pydantic.dev", "logfire"),
    ],
)
def test_missing_dialect(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, url: str, dialect: str) -> None:
    """The backend is recognized by its address; its dialect is added to those that are on."""
    monkeypatch.setenv(ENDPOINT, url)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS", "datadog")
    findings = doctor("--offline")
    assert causes(findings) == ["missing-dialect"]
    cure = f"OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=datadog,{dialect}"
    assert text_of(findings, "missing-dialect").endswith(cure)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS", dialect)
    assert causes(doctor("--offline")) == []


# Base URLs.


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://openrouter.ai/api/v1", "is traced, because its host is known"),
        ("https://gateway.ai.cloudflare.com/v1/a/b/openrouter", "is traced, because its host is known"),
        ("https://u:canary@gw.example/or/v1?k=canary", "is traced by the entry https://gw.example/or of base_urls"),
    ],
)
def test_traced_base_url(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, url: str, text: str) -> None:
    monkeypatch.setenv(BASE_URLS, "https://other.example,https://u:canary@gw.example/or")
    findings = doctor("--offline", "--base-url", url)
    (line,) = texts(findings, "base URL")
    assert line.endswith(text)
    assert causes(findings) == []
    assert "canary" not in str(findings)


def test_base_url_that_is_not_traced(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that `base_urls` does not name; the entry of the same host is named."""
    text = text_of(doctor("--offline", "--base-url", "http://llm.example:4000/v1?k=canary"), "base-url-not-traced")
    assert text == (
        "Calls to llm.example:4000 are not traced, because base_urls does not name it: "
        f"add http://llm.example:4000/v1 to {BASE_URLS}."
    )
    monkeypatch.setenv(BASE_URLS, "https://other.example,https://llm.example:4000/v1")
    text = text_of(doctor("--offline", "--base-url", "http://llm.example:4000/v1"), "base-url-not-traced")
    assert "(the entry https://llm.example:4000/v1 has another scheme, port or path)" in text


@pytest.mark.parametrize("url", ["openrouter.ai/api/v1", "", "https://x:port"])
def test_base_url_without_scheme(doctor: Doctor, url: str) -> None:
    findings = doctor("--offline", f"--base-url={url}")
    assert "is no absolute URL" in text_of(findings, "base-url-not-traced")

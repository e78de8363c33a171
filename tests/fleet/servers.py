"""The servers of the fleet: a balancing Collector, two sampling ones, Jaeger and Prometheus, on loopback.

The Collectors run the files of `dashboards/`; a second file sets the addresses of this machine and shorter times.
"""

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.backends import go_servers, jaeger, prometheus
from tests.backends.servers import ServerProcess, free_ports, plain_environ, working_folder
from tests.environments import ROOT

BALANCER: Final = ROOT / "dashboards" / "balancer.yaml"
SAMPLER: Final = ROOT / "dashboards" / "collector.yaml"
SAMPLERS: Final = 2
DECISION_SECONDS: Final = 5
"""`decision_wait` of the samplers."""
BATCH_SECONDS: Final = 1
"""Longer than the time that the samplers' `batch` processor waits."""


@dataclass(frozen=True)
class Servers:
    """The running servers."""

    balancer: ServerProcess
    samplers: tuple[ServerProcess, ...]
    endpoints: Mapping[str, str]
    """The balancer's endpoint for each protocol of `OTEL_EXPORTER_OTLP_PROTOCOL`."""
    jaeger: jaeger.Server
    prometheus: prometheus.Server


def build() -> str:
    """Build all programs; return their releases.

    Raises:
        InstallationError: Go is missing, or a program cannot be built here.
    """
    names = {"collector": "OpenTelemetry Collector", "jaeger": "Jaeger", "prometheus": "Prometheus"}
    for name in names:
        go_servers.program(name)
    return ", ".join(f"{title} {go_servers.version(name)}" for name, title in names.items())


@contextlib.contextmanager
def running() -> Generator[Servers]:
    """Run all servers."""
    with contextlib.ExitStack() as stack:
        backend = stack.enter_context(jaeger.running())
        exposed = free_ports(SAMPLERS)
        samplers = {port: _sampler(stack, backend, port) for port in exposed}
        addresses = [address for address, _ in samplers.values()]
        balancer, endpoints = _balancer(stack, addresses)
        server = stack.enter_context(_scraping(exposed))
        yield Servers(balancer, tuple(process for _, process in samplers.values()), endpoints, backend, server)


def _sampler(stack: contextlib.ExitStack, backend: jaeger.Server, exposed: int) -> tuple[str, ServerProcess]:
    """Start a sampling Collector, which exports to Jaeger, and exposes metrics on a port; return its gRPC address."""
    grpc, http = free_ports(2)
    here = f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
processors: {{tail_sampling: {{decision_wait: {DECISION_SECONDS}s}}}}
exporters:
  nop: {{}}
  otlp_grpc/whole: {{tls: {{insecure: true}}}}
  # The series of processes that have ended stay until the end of the run, also on a slow machine.
  prometheus: {{endpoint: "127.0.0.1:{exposed}", metric_expiration: 60m}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  pipelines: {{traces/without_content: {{exporters: [nop]}}, logs/without_content: {{exporters: [nop]}}}}
"""
    environ = {
        "WHOLE_OTLP_ENDPOINT": backend.grpc.removeprefix("http://"),
        "WITHOUT_CONTENT_OTLP_ENDPOINT": "http://unused",
    }
    url = f"http://127.0.0.1:{exposed}/metrics"
    return f"127.0.0.1:{grpc}", _collector(stack, SAMPLER, here, url, environ)


def _balancer(stack: contextlib.ExitStack, samplers: list[str]) -> tuple[ServerProcess, Mapping[str, str]]:
    """Start the balancing Collector; return its endpoints."""
    grpc, http = free_ports(2)
    hostnames = ", ".join(f'"{address}"' for address in samplers)
    exporter = (
        f"{{resolver: {{static: {{hostnames: [{hostnames}]}}}}, protocol: {{otlp: {{tls: {{insecure: true}}}}}}}}"
    )
    here = f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
exporters:
  load_balancing/traces: {exporter}
  load_balancing/metrics: {exporter}
  load_balancing/logs: {exporter}
service: {{telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}}}
"""
    process = _collector(stack, BALANCER, here, f"http://127.0.0.1:{http}/v1/traces", {})
    return process, {"grpc": f"http://127.0.0.1:{grpc}", "http/protobuf": f"http://127.0.0.1:{http}"}


def _collector(
    stack: contextlib.ExitStack, configuration: Path, here: str, ready: str, environ: Mapping[str, str]
) -> ServerProcess:
    folder = stack.enter_context(working_folder())
    (folder / "here.yaml").write_text(here)
    command = [go_servers.program("collector"), "--config", configuration, "--config", folder / "here.yaml"]
    process = ServerProcess(command, ready, plain_environ(**environ), folder)
    stack.callback(process.end)
    process.start()
    return process


@contextlib.contextmanager
def _scraping(ports: list[int]) -> Generator[prometheus.Server]:
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    source = f"""
scrape_configs:
  - job_name: collectors
    honor_labels: true
    static_configs: [{{targets: [{targets}]}}]
"""
    with working_folder() as folder:
        configuration = prometheus.configure(folder, source)
        with prometheus.served(go_servers.program("prometheus"), configuration) as server:
            yield server

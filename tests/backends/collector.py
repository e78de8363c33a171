"""Runs a Collector with dashboards/collector.yaml, between programs, two destinations and a Prometheus that scrapes it.

The file is loaded as it is; a second one sets the addresses of this machine and a shorter `decision_wait`.
"""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.environments import ROOT
from tests.otlp import Receiver, typed_attributes
from tests.simulator import Simulator

from . import go_servers, prometheus
from .calls import CALLS, Call, difference, run_module
from .servers import Check, eventually, free_ports, plain_environ, running_server, working_folder

CONFIGURATION: Final = ROOT / "dashboards" / "collector.yaml"
QUESTION: Final = "Where is the needle 4f1c?"
REASONING: Final = "Let me think."
"""The reasoning of the simulator's reply `reasoning`, which is content too."""
SHARE: Final = 0.1
RESTING: Final = 300
COST: Final = "gen_ai.usage.cost"
PROGRAMS: Final = {"one": "http/protobuf", "two": "grpc"}
"""`service.instance.id` of each program, and its protocol."""
_PLAIN: Final = replace(CALLS[0], question=QUESTION)


def _many(call: Call, name: str, count: int, turn: str = "") -> Iterator[Call]:
    return (replace(call, name=f"{name} {number}", turn=turn, question=QUESTION) for number in range(count))


_BY_SCENARIO: Final = {call.scenario: call for call in CALLS}
KEPT_CALLS: Final = (
    *_many(_BY_SCENARIO["bad_gateway"], "failed", 8),
    *_many(_PLAIN, "failed quietly", 8, "failed quietly"),
    *_many(_PLAIN, "slow", 8, "slow"),
    *_many(_BY_SCENARIO["reasoning"], "slow thinking", 8, "slow"),  # kept, so that reasoning is always exported
    *_many(_PLAIN, "waited", 8, "waited"),
    *_many(replace(_PLAIN, scenario="whole_dollars"), "dear", 8),
)
OTHER_CALLS: Final = (
    *_many(_PLAIN, "rest", RESTING),
    *_many(_BY_SCENARIO["reasoning"], "thinking", 20),
    *_many(_BY_SCENARIO["embedding"], "embeddings", 20),
    *_many(replace(_PLAIN, style="responses"), "responses", 20),
)
ALL_CALLS: Final = (*KEPT_CALLS, *OTHER_CALLS)
Spans = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Trace id -> span id -> attributes."""


@dataclass(frozen=True)
class Running:
    """A running Collector with its destinations, and what the programs sent."""

    whole: Receiver
    without_content: Receiver
    server: prometheus.Server
    traces: Mapping[str, str]
    """Program and call -> trace id."""


def release() -> str:
    """Return name and version; it builds the program, so that a machine without Go skips this backend."""
    go_servers.program("collector")
    go_servers.program("prometheus")
    return f"OpenTelemetry Collector {go_servers.version('collector')}"


def checks() -> Iterator[Check]:
    """Run all checks."""
    topic = "[`collector.yaml`](../dashboards/collector.yaml) is valid"
    command = [go_servers.program("collector"), "validate", "--config", CONFIGURATION]
    environ = plain_environ(WHOLE_OTLP_ENDPOINT="localhost:4317", WITHOUT_CONTENT_OTLP_ENDPOINT="http://localhost:4318")
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    yield Check(topic, "validate", done.stderr if done.returncode else "")
    with _running() as running:
        whole, without = running.whole, running.without_content
        yield _events_arrived(running)
        yield from _sampling(running)
        yield from _contents(whole, without)
        yield from _metrics(running)
        refused = [*whole.refused, *without.refused]
        yield Check("", "the destinations refuse nothing", difference({"": list[str]()}, {"": refused}))


@contextlib.contextmanager
def _running() -> Generator[Running]:
    grpc, http, exposed, scraping = free_ports(4)
    with working_folder() as folder, Receiver() as whole, Receiver() as without:
        environ = plain_environ(
            WHOLE_OTLP_ENDPOINT=whole.grpc.removeprefix("http://"), WITHOUT_CONTENT_OTLP_ENDPOINT=without.http
        )
        here = folder / "here.yaml"
        here.write_text(_addresses(grpc, http, exposed))
        command = [go_servers.program("collector"), "--config", CONFIGURATION, "--config", here]
        url = f"http://127.0.0.1:{exposed}/metrics"
        with running_server(command, url, environ, folder), _prometheus(scraping, exposed) as server:
            endpoints = {"http/protobuf": f"http://127.0.0.1:{http}", "grpc": f"http://127.0.0.1:{grpc}"}
            traces: dict[str, str] = {}
            for instance, protocol in PROGRAMS.items():
                traces |= _run_program(instance, protocol, endpoints[protocol])
            yield Running(whole, without, server, traces)


def _addresses(grpc: int, http: int, exposed: int) -> str:
    return f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
processors: {{tail_sampling: {{decision_wait: 5s}}}}
exporters: {{otlp_grpc/whole: {{tls: {{insecure: true}}}}, prometheus: {{endpoint: "127.0.0.1:{exposed}"}}}}
service: {{telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}}}
"""


@contextlib.contextmanager
def _prometheus(port: int, exposed: int) -> Generator[prometheus.Server]:
    """Run a Prometheus that scrapes the Collector as the file's comments require."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "prometheus.yaml").write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: collector
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{exposed}"]}}]
""")
        command = [
            go_servers.program("prometheus"),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
        ]
        url = f"http://127.0.0.1:{port}"
        with running_server(command, f"{url}/-/ready", os.environ, folder):
            yield prometheus.Server(url)


def _run_program(instance: str, protocol: str, endpoint: str) -> dict[str, str]:
    """Run the program; return the trace id of each call."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_SERVICE_NAME": "fleet",
        "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={instance},deployment.environment.name=staging,team=search",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with Simulator() as openrouter:
        calls = [{**asdict(call), "base_url": openrouter.base_url(call.scenario)} for call in ALL_CALLS]
        instructions = {"simulator": openrouter.url, "dialects": list(DIALECTS), "calls": calls}
        traces = json.loads(run_module("collector_program", environ, instructions))
    return {f"{instance} {call}": trace for call, trace in traces.items()}


def _spans(receiver: Receiver) -> Spans:
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for export in list(receiver.exports):
        if isinstance(export.message, ExportTraceServiceRequest):
            for resource in export.message.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        found[span.trace_id.hex()][span.span_id.hex()] = typed_attributes(span.attributes)
    return found


def _events_arrived(running: Running) -> Check:
    count = len(ALL_CALLS) * len(PROGRAMS)

    def missing() -> str:
        found = [len(receiver.events()) for receiver in (running.whole, running.without_content)]
        return difference({"": [count, count]}, {"": found})

    return Check("events of each call", "one event per call at both destinations, not sampled", eventually(missing))


def _sampling(running: Running) -> Iterator[Check]:
    topic = "tail sampling keeps each failed, slow and expensive trace, and its share of the rest"
    expected = {trace: name for name, trace in running.traces.items() if name.partition(" ")[2] in _KEPT_NAMES}

    def missing(receiver: Receiver) -> str:
        return difference(dict.fromkeys(expected, 2), {t: len(s) for t, s in _spans(receiver).items() if t in expected})

    for name, receiver in (("whole", running.whole), ("without content", running.without_content)):
        yield Check(topic, f"{name}: each of them, complete", eventually(lambda receiver=receiver: missing(receiver)))
    rest = running.traces.keys() - {name for name in running.traces if name.partition(" ")[2] in _KEPT_NAMES}
    total = len(rest)

    def share() -> tuple[int, int]:
        counts = (
            len(_spans(receiver).keys() - expected.keys()) for receiver in (running.whole, running.without_content)
        )
        one, other = counts
        return one, other

    # Each trace is an independent draw: six standard deviations.
    low, high = (total * SHARE + sign * 6 * (total * SHARE * (1 - SHARE)) ** 0.5 for sign in (-1, 1))

    def wrong_share() -> str:
        one, other = share()
        return "" if one == other and low < one < high else f"{one} and {other} of {total} traces"

    yield Check(topic, f"10 % of {total} other traces, the same at both destinations", eventually(wrong_share))
    incomplete = {trace: len(spans) for trace, spans in _spans(running.whole).items() if len(spans) != 2}  # noqa: PLR2004 - the call and the span above it
    yield Check(topic, "each trace is complete", difference({}, incomplete))
    unknown = _spans(running.whole).keys() - set(running.traces.values())
    yield Check(topic, "no other trace", difference({"": set[str]()}, {"": unknown}))


_KEPT_NAMES: Final = {call.name for call in KEPT_CALLS}


def _bytes(receiver: Receiver, kind: type[Any]) -> bytes:
    return b"".join(
        each.message.SerializeToString() for each in list(receiver.exports) if isinstance(each.message, kind)
    )


def _contents(whole: Receiver, without: Receiver) -> Iterator[Check]:
    topic = "no content at the destination that must not have it"
    for signal, kind in (("spans", ExportTraceServiceRequest), ("events", ExportLogsServiceRequest)):
        for text in (QUESTION, REASONING):
            has = {"whole": text.encode() in _bytes(whole, kind), "without": text.encode() in _bytes(without, kind)}
            claim = f"{signal}: {text!r} in all bytes of the one, in none of the other"
            yield Check(topic, claim, difference({"whole": True, "without": False}, has))
    complete, stripped = _spans(whole), _spans(without)
    deleted = {
        name
        for trace, spans in complete.items()
        for span, attributes in spans.items()
        for name in attributes.keys() - stripped[trace][span].keys()
    }
    pattern = re.search(r"pattern: (\S+)", CONFIGURATION.read_text())
    assert pattern is not None
    others = {name for name in deleted if not re.match(pattern[1], name)}
    yield Check(topic, "nothing else is deleted", difference({"": set[str]()}, {"": others}))
    changed = {
        f"{trace} {name}"
        for trace, spans in stripped.items()
        for span, attributes in spans.items()
        for name, value in attributes.items()
        if complete[trace][span].get(name) != value
    }
    yield Check(topic, "nothing is changed", difference({"": set[str]()}, {"": changed}))


def _metrics(running: Running) -> Iterator[Check]:
    server = running.server
    bill = sum((call.cost or Decimal(0) for call in ALL_CALLS), Decimal(0))
    for claim, query, expected in (
        ("cost by job, instance and environment", "sum by (job, instance, deployment_environment_name) (%s_sum)", bill),
        ("calls that cost", "sum by (job, instance, deployment_environment_name) (%s_count)", len(_billed())),
    ):

        def wrong(query: str = query, expected: Decimal | int = expected) -> str:
            labels = ["job", "instance", "deployment_environment_name"]
            found = server.numbers(query % "gen_ai_usage_cost_USD", time.time(), labels)
            right = {f"fleet {instance} staging": Decimal(expected) for instance in PROGRAMS}
            return prometheus.unequal(right, found)

        yield Check("metrics of each call, also of traces that are not kept", claim, eventually(wrong))
    info = {f"fleet {instance} search": Decimal(1) for instance in PROGRAMS}
    shown = server.numbers("target_info", time.time(), ["job", "instance", "team"])
    yield Check("labels", "other resource attributes are in target_info", prometheus.unequal(info, shown))
    for metric in ("gen_ai_usage_cost_USD_bucket", "gen_ai_client_operation_duration_seconds_bucket"):
        yield Check("exemplars", metric, eventually(lambda metric=metric: _wrong_exemplars(running, metric)))


def _billed() -> Sequence[Call]:
    return [call for call in ALL_CALLS if call.cost is not None]


def _wrong_exemplars(running: Running, metric: str) -> str:
    found = running.server.query(
        "query_exemplars", query=metric, start=repr(time.time() - 600), end=repr(time.time() + 10)
    )
    traces = {exemplar["labels"].get("trace_id") for series in found for exemplar in series["exemplars"]}
    unknown = traces - set(running.traces.values())
    return f"exemplars of unknown traces: {unknown}" if unknown else "" if traces else "there are no exemplars"

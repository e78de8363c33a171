"""A real OTLP receiver on loopback: gRPC and HTTP protobuf, for traces, metrics and logs.

`with Receiver() as receiver: ... receiver.http, receiver.grpc ... receiver.spans()` records each export, decoded,
with its path and headers. It answers an unknown path with 404, and records that too.
"""

import gzip
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypedDict

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (  # pyright: ignore[reportMissingTypeStubs] - it has no stubs
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

Message = ExportTraceServiceRequest | ExportMetricsServiceRequest | ExportLogsServiceRequest
Attributes = dict[str, tuple[str, Any]]
"""Attribute name -> the field of the protobuf `AnyValue` that is set, such as `double_value`, and its value."""

# https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
STANDARD_PATHS: Final = {"/v1/traces": "traces", "/v1/metrics": "metrics", "/v1/logs": "logs"}
_MESSAGES: Final[Mapping[str, tuple[Callable[[], Message], Callable[[], Any]]]] = {
    "traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
    "metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
    "logs": (ExportLogsServiceRequest, ExportLogsServiceResponse),
}


@dataclass(frozen=True)
class Export:
    """One export request; for gRPC, the path is the full name of the method."""

    transport: str
    path: str
    headers: Mapping[str, str]
    message: Message


class ReceivedSpan(TypedDict):
    """One received span as plain data."""

    id: str
    name: str
    kind: str
    status: str
    scope: str
    resource: Attributes
    attributes: Attributes


def typed_attributes(attributes: Iterable[KeyValue]) -> Attributes:
    """Return attributes with the types of their values; each name must be unique."""
    attributes_by_name: Attributes = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        assert kind is not None, f"{each.key} has no value"
        assert each.key not in attributes_by_name, f"{each.key} is duplicated"
        attributes_by_name[each.key] = kind, getattr(each.value, kind)
    return attributes_by_name


class Receiver:
    """An OTLP receiver that listens on two free ports of 127.0.0.1 inside its `with` block."""

    def __init__(self, paths: Mapping[str, str] = STANDARD_PATHS) -> None:
        """Args: paths: HTTP path -> signal: `traces`, `metrics` or `logs`."""
        self.exports: list[Export] = []
        """All exports so far."""
        self.refused: list[str] = []
        """Rejected requests: status, path and reason."""
        self._paths = paths
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._grpc: Any = grpc.server(ThreadPoolExecutor(max_workers=4))
        self._add_services()
        self._grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")

    @property
    def http(self) -> str:
        """Scheme, host and port of the HTTP receiver; the paths are in `paths`."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def grpc(self) -> str:
        """Scheme, host and port of the gRPC receiver, which does not use TLS."""
        return f"http://127.0.0.1:{self._grpc_port}"

    def __enter__(self) -> "Receiver":  # noqa: PYI034 - typing.Self needs Python 3.11
        self._thread.start()
        self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._grpc.stop(grace=None).wait()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def spans(self) -> list[ReceivedSpan]:
        """All spans, by start time."""
        received_spans: list[tuple[int, ReceivedSpan]] = []
        for export in self.exports:
            if not isinstance(export.message, ExportTraceServiceRequest):
                continue
            for resource in export.message.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        received = ReceivedSpan(
                            id=span.span_id.hex(),
                            name=span.name,
                            kind=Span.SpanKind.Name(span.kind),
                            status=Status.StatusCode.Name(span.status.code),
                            scope=scope.scope.name,
                            resource=typed_attributes(resource.resource.attributes),
                            attributes=typed_attributes(span.attributes),
                        )
                        received_spans.append((span.start_time_unix_nano, received))
        return [span for _, span in sorted(received_spans, key=lambda each: each[0])]

    def metrics(self) -> list[Metric]:
        """All metrics of all exports; one that was exported twice is listed twice."""
        return [
            metric
            for export in self.exports
            if isinstance(export.message, ExportMetricsServiceRequest)
            for resource in export.message.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def events(self) -> list[tuple[str, Attributes]]:
        """The event name and the attributes of each log record."""
        return [
            (record.event_name, typed_attributes(record.attributes))
            for export in self.exports
            if isinstance(export.message, ExportLogsServiceRequest)
            for resource in export.message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, content = receiver._receive(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the name in the base class

        return Handler

    def _receive(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if path not in self._paths:
            self.refused.append(f"404 {path}")
            return 404, b""
        if headers.get("content-type") != "application/x-protobuf":
            self.refused.append(f"415 {path} {headers.get('content-type')}")
            return 415, b""
        request, response = _MESSAGES[self._paths[path]]
        message = request()
        message.ParseFromString(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
        self.exports.append(Export("http", path, headers, message))
        return 200, response().SerializeToString()

    def _add_services(self) -> None:
        exports = self.exports

        def record_export(service: str, request: Message, context: Any) -> None:
            headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            exports.append(Export("grpc", f"/opentelemetry.proto.collector.{service}/Export", headers, request))

        class Traces(TraceServiceServicer):
            def Export(  # noqa: N802 - the name in the base class
                self, request: ExportTraceServiceRequest, context: Any
            ) -> ExportTraceServiceResponse:
                record_export("trace.v1.TraceService", request, context)
                return ExportTraceServiceResponse()

        class Metrics(MetricsServiceServicer):
            def Export(  # noqa: N802 - the name in the base class
                self, request: ExportMetricsServiceRequest, context: Any
            ) -> ExportMetricsServiceResponse:
                record_export("metrics.v1.MetricsService", request, context)
                return ExportMetricsServiceResponse()

        class Logs(LogsServiceServicer):
            def Export(  # noqa: N802 - the name in the base class
                self, request: ExportLogsServiceRequest, context: Any
            ) -> ExportLogsServiceResponse:
                record_export("logs.v1.LogsService", request, context)
                return ExportLogsServiceResponse()

        add_TraceServiceServicer_to_server(Traces(), self._grpc)
        add_MetricsServiceServicer_to_server(Metrics(), self._grpc)
        add_LogsServiceServicer_to_server(Logs(), self._grpc)

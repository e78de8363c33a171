"""Runs Jaeger: each span of a program must come back from its query API as the SDK exported it, over HTTP and gRPC.

The released program of `go/jaeger`, with its memory storage. Its module has no user interface, only a placeholder.
"""

import contextlib
import json
import urllib.parse
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from tests.simulator import Simulator

from . import go_servers
from .calls import CALL, CALLS, QUESTION, billed_costs, difference, run_module
from .jaeger_program import LONG, PAUSE
from .servers import Check, eventually, free_ports, get, plain_environ, running_server, working_folder

Attributes = Mapping[str, Any]
SPECIAL: Final = {"typed", "slow", "over httpx"}
"""The calls of the program besides those of `CALLS`."""
COST: Final = "gen_ai.usage.cost"
MAX_TRACES: Final = 100_000
"""How many traces Jaeger keeps, and the greatest limit of a search."""
OURS: Final = "opentelemetry.instrumentation.openrouter"
# internal/jptrace/attributes.go, and jaegertranslator of the Collector: AsString() of a slice
ARRAYS: Final = 'Jaeger shows an array as its JSON text: `gen_ai.response.finish_reasons` is `["stop"]`'
EXACT: Final = (
    "Jaeger's search compares a tag with the complete text of the value: `gen_ai.usage.cost=0.00014` finds the calls "
    "that cost this, `0.000140`, `>0.0001` and one element of an array find none"
)
# internal/storage/v2/memory/tenant.go: searched are the attributes of the span, its events and its resource
DERIVED: Final = (
    "`error`, `otel.status_code` and `span.kind` are tags that Jaeger 2 derives for display; its memory storage does "
    "not search by them: search for failed calls by `error.type`"
)


@dataclass(frozen=True)
class Server:
    """A running Jaeger."""

    url: str
    http: str
    grpc: str

    def api(self, path: str, **parameters: str) -> Any:
        """Return the `data` of a response; numbers with a point are decimals."""
        query = urllib.parse.urlencode(parameters)
        return json.loads(get(f"{self.url}/api/{path}?{query}"), parse_float=Decimal)["data"] or []

    def spans(self, service: str, **search: str) -> dict[str, dict[str, Any]]:
        """Return the spans of the traces that a search finds, by id, each with its process."""
        traces = self.api("traces", service=service, limit="1000", **search)
        return {
            span["spanID"]: {**span, "process": trace["processes"][span["processID"]]}
            for trace in traces
            for span in trace["spans"]
        }

    def found(self, service: str, **tags: str) -> set[str]:
        """Return the calls in the traces that a search by tags finds."""
        spans = self.spans(service, tags=json.dumps({name.replace("__", "."): tags[name] for name in tags}))
        return {str(_tags(span)[CALL][1]) for span in spans.values() if CALL in _tags(span)}


def release() -> str:
    """Return name and version; it builds the program, so that a machine without Go skips this backend."""
    go_servers.program("jaeger")
    return f"Jaeger {go_servers.version('jaeger')}"


@contextlib.contextmanager
def running() -> Generator[Server]:
    """Run an empty Jaeger."""
    query, query_grpc, http, grpc = free_ports(4)
    with working_folder() as folder:
        configuration = folder / "jaeger.yaml"
        configuration.write_text(_configuration(query, query_grpc, http, grpc))
        command = [go_servers.program("jaeger"), "--config", configuration]
        url = f"http://127.0.0.1:{query}"
        with running_server(command, f"{url}/api/services", plain_environ(), folder):
            yield Server(url, f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}")


def _configuration(query: int, query_grpc: int, http: int, grpc: int) -> str:
    """Return cmd/jaeger/internal/all-in-one.yaml of Jaeger without what is not used here, on free ports."""
    return f"""
extensions:
  jaeger_storage: {{backends: {{memory: {{memory: {{max_traces: {MAX_TRACES}}}}}}}}}
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: "127.0.0.1:{query}"}}
    grpc: {{endpoint: "127.0.0.1:{query_grpc}"}}
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters:
  jaeger_storage_exporter: {{trace_storage: memory}}
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines: {{traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}}}
  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}
"""


def checks() -> Iterator[Check]:
    """Run all checks."""
    with running() as server:
        for protocol, endpoint, content in (("http/protobuf", server.http, True), ("grpc", server.grpc, False)):
            service = f"app-{protocol.partition('/')[0]}"
            exported = _run_program(endpoint, protocol, service, content=content)
            yield _arrived(server, service, exported)
            shown = server.spans(service)
            yield from _same(service, exported, shown)
            yield from _bill(service, shown)
            yield from _contents(service, shown, content=content)
            yield from _searches(server, service, shown)


def _run_program(endpoint: str, protocol: str, service: str, *, content: bool) -> Sequence[dict[str, Any]]:
    """Run the program against a simulator, and return the spans that it has exported."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_SERVICE_NAME": service,
    }
    with Simulator() as openrouter:
        instructions = {
            "simulator": openrouter.url,
            "content": content,
            "hello": openrouter.base_url("hello"),
            "failing": openrouter.base_url("bad_gateway"),
            "calls": [
                {**asdict(call), "base_url": openrouter.base_url(call.scenario)} for call in CALLS if not call.turn
            ],
        }
        return json.loads(run_module("jaeger_program", environ, instructions), parse_float=Decimal)


def _tags(span: Attributes) -> dict[str, tuple[str, Any]]:
    return {tag["key"]: (tag["type"], tag["value"]) for tag in span["tags"]}


def _arrived(server: Server, service: str, exported: Sequence[Attributes]) -> Check:
    expected = {span["span"] for span in exported}

    def missing() -> str:
        return difference({"": expected}, {"": set(server.spans(service))})

    return Check("spans over HTTP and gRPC", f"{service}: each span arrives", eventually(missing))


def _same(service: str, exported: Sequence[Attributes], shown: Attributes) -> Iterator[Check]:
    def check(topic: str, claim: str, expected: Attributes, found: Attributes, limit: str = "") -> Check:
        return Check("" if limit else topic, f"{service}: {claim}", difference(expected, found), limit)

    by_id = {span["span"]: span for span in exported}
    names = {each: span["name"] for each, span in by_id.items()}
    services = {each: span["process"]["serviceName"] for each, span in shown.items()}
    yield check("service and operations", "service", dict.fromkeys(by_id, service), services)
    operations = {each: span["operationName"] for each, span in shown.items()}
    yield check("service and operations", "operation names", names, operations)
    scalars, arrays = _by_kind(by_id)
    found = {each: _tags(span) for each, span in shown.items()}
    for claim, tags, limit in (("each attribute with its type", scalars, ""), ("arrays as JSON text", arrays, ARRAYS)):
        flat = {f"{each} {name}": value for each, span in tags.items() for name, value in span.items()}
        same = {key: found[key.partition(" ")[0]].get(key.partition(" ")[2]) for key in flat}
        yield check("each attribute with its type", claim, flat, same, limit)
    more = {each: sorted(found[each].keys() - scalars[each].keys() - arrays[each].keys()) for each in found}
    yield check("each attribute with its type", "no other attributes", {each: list[str]() for each in by_id}, more)
    references = {
        each: [(r["refType"], r["traceID"], r["spanID"]) for r in s["references"]] for each, s in shown.items()
    }
    expected = {each: _references(span) for each, span in by_id.items()}
    yield check("parents and links to [Broadcast](broadcast.md)", "parents and links", expected, references)
    times = {each: (span["startTime"], span["duration"]) for each, span in shown.items()}
    exact = {each: (s["start"] // 1000, s["end"] // 1000 - s["start"] // 1000) for each, s in by_id.items()}
    # Jaeger divides each in its own way: the last microsecond may differ.
    near = {each: times[each] if _near(exact[each], times[each]) else exact[each] for each in exact}
    yield check("durations", "start and duration in microseconds", near, times)
    events = {each: [_event(log) for log in span["logs"]] for each, span in shown.items()}
    recorded = {each: [_recorded(event) for event in span["events"]] for each, span in by_id.items()}
    yield check("events", "events", recorded, events)
    kinds = {f"{o['scope']} {names[o['parent']].partition(' ')[0]}" for o in exported if o["parent"]}
    below = {f"{OURS} invoke_agent", f"{OURS} raising", "opentelemetry.instrumentation.httpx chat"}
    failure = "" if below <= kinds else f"the program has {sorted(kinds)}"
    yield Check("parents and links to [Broadcast](broadcast.md)", f"{service}: an agent's and HTTP spans", failure)


def _by_kind(by_id: Attributes) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return the expected tags with one value, and those with several, by span."""
    scalars: dict[str, dict[str, Any]] = {}
    arrays: dict[str, dict[str, Any]] = {}
    for each, span in by_id.items():
        attributes = {name: _typed(value) for name, value in span["attributes"].items()}
        attributes["span.kind"] = ("string", span["kind"])
        attributes["otel.scope.name"] = ("string", span["scope"])
        if span["version"]:
            attributes["otel.scope.version"] = ("string", span["version"])
        if span["status"] == "ERROR":
            attributes |= {"error": ("bool", True), "otel.status_code": ("string", "ERROR")}
            if span["message"]:
                attributes["otel.status_description"] = ("string", span["message"])
        is_array = {name for name, value in span["attributes"].items() if isinstance(value, list)}
        arrays[each] = {name: attributes[name] for name in is_array}
        scalars[each] = {name: attributes[name] for name in attributes.keys() - is_array}
    return scalars, arrays


def _typed(value: Any) -> tuple[str, Any]:
    match value:
        case bool():
            return "bool", value
        case int():
            return "int64", value
        case Decimal():
            return "float64", value
        case list():
            return "string", json.dumps(value, separators=(",", ":"))
        case _:
            return "string", value


def _references(span: Attributes) -> list[tuple[str, str, str]]:
    parent = [("CHILD_OF", span["trace"], span["parent"])] if span["parent"] else []
    return [*parent, *(("FOLLOWS_FROM", trace, linked) for trace, linked in span["links"])]


def _near(expected: tuple[int, int], found: tuple[int, int]) -> bool:
    return all(abs(one - other) <= 1 for one, other in zip(expected, found, strict=True))


def _event(log: Attributes) -> dict[str, tuple[str, Any]]:
    return {field["key"]: (field["type"], field["value"]) for field in log["fields"]}


def _recorded(event: Sequence[Any]) -> dict[str, tuple[str, Any]]:
    name, attributes = event
    return {"event": ("string", name), **{key: _typed(value) for key, value in attributes.items()}}


def _calls(shown: Attributes) -> dict[str, dict[str, tuple[str, Any]]]:
    """Return the tags of our spans by call."""
    tags = [_tags(span) for span in shown.values()]
    return {str(each[CALL][1]): each for each in tags if CALL in each}


def _bill(service: str, shown: Attributes) -> Iterator[Check]:
    calls = [call for call in CALLS if not call.turn]
    found = {name: tags[COST] for name, tags in _calls(shown).items() if COST in tags and name not in SPECIAL}
    expected = {name: ("float64", cost) for name, cost in billed_costs(calls).items()}
    yield Check("cost to the last digit", f"{service}: cost of each call", difference(expected, found))
    failed = {call.name: ("bool", True) for call in calls if call.error} | {"raised": ("bool", True)}
    marked = {name: tags["error"] for name, tags in _calls(shown).items() if "error" in tags}
    yield Check("errors", f"{service}: calls marked as failed", difference(failed, marked))
    (slow,) = [s["duration"] for s in shown.values() if _tags(s).get(CALL) == ("string", "slow")]
    late = "" if slow >= PAUSE * 1e6 else f"it lasts {slow} microseconds"
    yield Check("durations", f"{service}: a stream's span lasts until its end", late)


def _contents(service: str, shown: Attributes, *, content: bool) -> Iterator[Check]:
    calls = {name: tags for name, tags in _calls(shown).items() if name != "over httpx"}  # it has no messages
    has = {name: QUESTION in str(tags.get("gen_ai.input.messages", "")) for name, tags in calls.items()}
    expected = dict.fromkeys(has, content)
    yield Check("content on and off", f"{service}: content is {'on' if content else 'off'}", difference(expected, has))
    if not content:
        leaked = QUESTION in json.dumps(shown, default=str)
        yield Check("content on and off", f"{service}: no content anywhere", "it is shown" if leaked else "")
    long = _calls(shown)["typed"]["openrouter.request.metadata.long"]
    failure = "" if long == ("string", LONG) else f"it has {len(long[1])} characters"
    yield Check("attributes of 4,096 characters", f"{service}: length", failure)


def _searches(server: Server, service: str, shown: Attributes) -> Iterator[Check]:
    calls = _calls(shown)
    for name, value in (
        (COST, "0.00014"),
        (COST, "0.0003"),
        ("openrouter.usage.input_cost", "0.00005"),
        ("error.type", "provider_unavailable"),
        ("openrouter.provider.name", "Azure"),
        ("openrouter.usage.is_byok", "true"),
        ("gen_ai.usage.input_tokens", "43"),
        ("user.id", "user-42"),
    ):
        expected = {call for call, tags in calls.items() if name in tags and _as_text(tags[name][1]) == value}
        if not expected:
            raise ValueError(f"no call has {name}={value}")
        # A search finds traces: the agent's trace has two calls.
        expected |= {"typed", "slow"} if expected & {"typed", "slow"} else set()
        found = server.found(service, **{name.replace(".", "__"): value})
        yield Check("search by tags", f"{service}: {name}={value}", difference({"": expected}, {"": found}))
    long_lasting = server.spans(service, minDuration=f"{round(PAUSE * 1000)}ms")
    failure = "" if "slow" in _calls(long_lasting) else f"it finds {sorted(_calls(long_lasting))}"
    yield Check("search by duration", f"{service}: the slow stream", failure)
    for limit, name, value in (
        (EXACT, COST, "0.000140"),
        (EXACT, COST, ">0.0001"),
        (EXACT, "gen_ai.response.finish_reasons", "stop"),
        (DERIVED, "error", "true"),
        (DERIVED, "otel.status_code", "ERROR"),
        (DERIVED, "span.kind", "client"),
    ):
        found = server.found(service, **{name.replace(".", "__"): value})
        failure = f"it finds {sorted(found)}: the limit no longer exists" if found else ""
        yield Check("", f"{service}: {name}={value} finds nothing", failure, limit)


def _as_text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)

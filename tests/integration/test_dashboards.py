"""The dashboard, the rules and the Collector's configuration: well formed, complete, and of what we emit.

That the queries are right is seen by a real Prometheus: `python -m tests.backends.prometheus`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import openai
import pytest
import yaml
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from tests.message_schema import CONTENT
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

ROOT: Final = Path(__file__).parents[2]
DASHBOARDS: Final = ROOT / "dashboards"
FLEET: Final = (ROOT / "docs" / "fleet.md").read_text()
DASHBOARD: Final[dict[str, Any]] = json.loads((DASHBOARDS / "openrouter-grafana.json").read_text())
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in yaml.safe_load((DASHBOARDS / "openrouter-rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]
RULES_TEST: Final[dict[str, Any]] = yaml.safe_load((DASHBOARDS / "openrouter-rules-test.yaml").read_text())
COLLECTOR: Final[dict[str, Any]] = yaml.safe_load((DASHBOARDS / "collector.yaml").read_text())
QUERIES: Final = [
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    *(variable["definition"] for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"),
    *(rule["expr"] for rule in RULES),
]
# https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
UNITS: Final = {"USD": "_USD", "s": "_seconds", "{token}": ""}
# What Prometheus and its histograms have beside the attributes.
OWN_LABELS: Final = {"job", "instance", "le"}
# https://prometheus.io/docs/prometheus/latest/querying/operators/ and .../functions/
PROMQL: Final = {"sum", "min", "max", "by", "or", "and", "offset", "bool", "vector", "scalar", "rate", "increase"} | {
    "resets", "last_over_time", "avg_over_time", "histogram_quantile", "label_replace", "label_values",
}  # fmt: skip


def _named(name: str) -> str:
    return name.replace(".", "_")


@pytest.fixture
def emitted(
    telemetry: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]
) -> tuple[set[str], set[str]]:
    """The series' names and the labels that calls of ours have in Prometheus."""
    feature: dict[str, Any] = {"extra_body": {"metadata": {"feature": "search"}}}
    telemetry.again([openrouter.url], budget=True, metric_attributes=["openrouter.request.metadata.feature"])
    for scenario in ("hello", "cached"):
        own = client(scenario, api_key="sk-or-v1-dashboards")
        assert list(own.chat.completions.create(**REQUEST, **feature, stream=True))
    with pytest.raises(openai.RateLimitError):
        client("rate_limited").chat.completions.create(**REQUEST)
    series: set[str] = set()
    labels: set[str] = set()
    data: Any = telemetry.reader.get_metrics_data()
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        name = _named(metric.name) + UNITS[metric.unit]
        is_histogram = hasattr(metric.data.data_points[0], "bucket_counts")
        series |= {name + each for each in ("_bucket", "_sum", "_count")} if is_histogram else {name}
        labels |= {_named(key) for point in metric.data.data_points for key in point.attributes}
    return series, labels


def test_words_are_ours(emitted: tuple[set[str], set[str]]) -> None:
    """Each metric and each label that is asked for is one that we emit, and each of our metrics but one is asked for."""
    series, labels = emitted
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    used: set[str] = set()
    for query in QUERIES:
        bare = re.sub(r'"[^"]*"|\[[^]]*\]|\$\w+', "", query)
        words = set(re.findall(r"[a-zA-Z_][\w:]*", bare)) - PROMQL
        words -= set(re.findall(r"\b\d+(\w+)", bare))  # of a duration
        assert words <= series | labels | OWN_LABELS | recorded, query
        used |= words
    unused = {re.sub("_(bucket|sum|count)$", "", name) for name in series - used}
    asked = {re.sub("_(bucket|sum|count)$", "", name) for name in series & used}
    assert unused - asked == {"gen_ai_client_operation_time_per_output_chunk_seconds"}
    default = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "feature")["query"]
    assert default in labels


def test_names_are_told(emitted: tuple[set[str], set[str]]) -> None:
    """The table of names in their README is complete and right."""
    rows = re.findall(
        r"^\| `([\w.]+)` \| `(\w+?)(?:_\{.*\})?` \|$", (DASHBOARDS / "README.md").read_text(), re.MULTILINE
    )
    assert {name for _, name in rows} == {re.sub("_(bucket|sum|count)$", "", name) for name in emitted[0]}
    assert all(name.startswith(_named(metric)) for metric, name in rows)


def test_dashboard_can_be_imported() -> None:
    """It declares what it needs: the data source, the panels, the schema of Grafana 12."""
    # https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
    assert DASHBOARD["schemaVersion"] == 42
    assert DASHBOARD["id"] is None
    (source,) = DASHBOARD["__inputs"]
    assert (source["type"], source["pluginId"]) == ("datasource", "prometheus")
    required = {(each["type"], each["id"]) for each in DASHBOARD["__requires"]}
    kinds = {("panel", panel["type"]) for panel in PANELS}
    assert required == {("grafana", "grafana"), ("datasource", "prometheus"), *kinds}
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["current"]["value"] == f"${{{source['name']}}}"
    # https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
    used = set(re.findall(r"\$(\w+)", json.dumps([PANELS, QUERIES]))) - {"__range", "__rate_interval", "1"}
    assert used | {"datasource"} == variables.keys()


def test_panels_say_what_they_are() -> None:
    """Title, description, unit, a legend; each in a place of its own, none twice."""
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    for panel in PANELS:
        assert panel["description"].endswith((".", "!")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            assert target["instant"] is not target["range"]
            grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([\w, ]+)\)", target["expr"]))))
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert shown <= grouped | {"feature"}, panel["title"]
            assert target["legendFormat"]


def test_alerts_say_what_they_are() -> None:
    """What it is, how bad, and what came of it."""
    for rule in RULES:
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert rule["annotations"].keys() == {"summary", "description"}


def test_rules_are_tested() -> None:
    """Each alert is made to fire and not to fire, each number is told once at least, of one alone or by an alert."""
    tests = RULES_TEST["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    alerts = {rule["alert"] for rule in RULES if "alert" in rule}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts
    # One test of an alert has series that must not make it fire beside those that must.
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert alerts - silent == {"OpenRouterProviderFails"}
    told = " ".join(case["expr"] for test in tests for case in test.get("promql_expr_test", []))
    looked_at = told + " ".join(rule["expr"] for rule in RULES if "alert" in rule)
    assert all(rule["record"] in looked_at for rule in RULES if "record" in rule)


# What is documented of each component that is used: its keys, and those below them; `None` is anything.
# The pages: https://github.com/open-telemetry/<repository>/blob/main/<folder>/README.md, and config.schema.yaml beside it.
POLICY: Final[dict[str, Any]] = {
    "name": None,
    "type": {"status_code", "ottl_condition", "latency", "probabilistic"},
    "status_code": {"status_codes": None},
    "ottl_condition": {"error_mode": {"ignore", "silent", "propagate"}, "span": None, "spanevent": None},
    "latency": {"threshold_ms": int, "upper_threshold_ms": int},
    "probabilistic": {"sampling_percentage": (int, float), "hash_salt": str},
}
OTLP_GRPC: Final[dict[str, Any]] = {"endpoint": str, "tls": {"insecure": bool}, "compression": str, "headers": None}
DOCUMENTED: Final[Mapping[str, Mapping[str, dict[str, Any]]]] = {
    "receivers": {
        # opentelemetry-collector, receiver/otlpreceiver
        "otlp": {"protocols": {"grpc": {"endpoint": str}, "http": {"endpoint": str}}},
    },
    "processors": {
        # opentelemetry-collector, processor/memorylimiterprocessor
        "memory_limiter": {"check_interval": str, "limit_percentage": int, "spike_limit_percentage": int},
        # opentelemetry-collector-contrib, processor/tailsamplingprocessor
        "tail_sampling": {
            "decision_wait": str,
            "num_traces": int,
            "decision_cache": {"sampled_cache_size": int, "non_sampled_cache_size": int},
            "policies": [POLICY],
        },
        # opentelemetry-collector-contrib, processor/attributesprocessor
        "attributes": {"actions": [{"key": str, "pattern": str, "action": {"delete", "hash"}}]},
        # opentelemetry-collector-contrib, processor/transformprocessor
        "transform": {"error_mode": {"ignore", "silent", "propagate"}, "metric_statements": None},
        # opentelemetry-collector, processor/batchprocessor
        "batch": {"send_batch_size": int, "send_batch_max_size": int, "timeout": str},
    },
    "connectors": {
        "forward": {},  # opentelemetry-collector, connector/forwardconnector
    },
    "exporters": {
        "otlp_grpc": OTLP_GRPC,  # opentelemetry-collector, exporter/otlpexporter
        "otlp_http": {"endpoint": str, "headers": None},  # opentelemetry-collector, exporter/otlphttpexporter
        # opentelemetry-collector-contrib, exporter/prometheusexporter
        "prometheus": {"endpoint": str, "enable_open_metrics": bool, "metric_expiration": str},
        # opentelemetry-collector-contrib, exporter/loadbalancingexporter; what `otlp` takes but the endpoint
        "load_balancing": {
            "routing_key": {"traceID", "service"},
            "protocol": {"otlp": {key: value for key, value in OTLP_GRPC.items() if key != "endpoint"}},
            "resolver": {"dns": {"hostname": str, "port": str}, "static": {"hostnames": None}},
        },
    },
}


def _undocumented(given: Any, documented: Any, where: str) -> Iterator[str]:
    """What is given that is not documented, or not of its kind."""
    if isinstance(documented, dict):
        for key, value in given.items():
            if key in documented:
                yield from _undocumented(value, documented[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}"
    elif isinstance(documented, list):
        for number, value in enumerate(given):
            yield from _undocumented(value, documented[0], f"{where}[{number}]")
    elif isinstance(documented, set):
        if given not in documented:
            yield f"{where}: {given}"
    elif documented is not None and (
        not isinstance(given, documented) or isinstance(given, bool) is not (documented is bool)
    ):
        yield f"{where}: {given!r}"


@pytest.mark.parametrize("given", [COLLECTOR, *map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", FLEET, re.DOTALL))])
def test_collector_is_as_documented(given: dict[str, Any]) -> None:
    """Each key of each component is in the component's documentation, and has a value of its kind."""
    for kind in given.keys() - {"service"}:
        for name, settings in given[kind].items():
            component = name.partition("/")[0]
            assert not list(_undocumented(settings, DOCUMENTED[kind][component], name))


def test_what_is_not_documented_is_seen() -> None:
    """The test above can fail."""
    assert list(_undocumented({"timeout": 5}, {"timeout": str}, "batch")) == ["batch.timeout: 5"]
    assert list(_undocumented({"policies": [{"typ": 1}]}, {"policies": [POLICY]}, "t")) == ["t.policies[0].typ"]
    assert list(_undocumented({"limit": True}, {"limit": int}, "m")) == ["m.limit: True"]
    assert list(_undocumented({"error_mode": "no"}, {"error_mode": {"ignore"}}, "o")) == ["o.error_mode: no"]


def test_pipelines() -> None:
    """What they name is there, what is there they name; memory first, batches last, metrics round the sampler."""
    pipelines: dict[str, Any] = COLLECTOR["service"]["pipelines"]
    receivers = {each for pipeline in pipelines.values() for each in pipeline["receivers"]}
    exporters = {each for pipeline in pipelines.values() for each in pipeline["exporters"]}
    processors = {each for pipeline in pipelines.values() for each in pipeline.get("processors", [])}
    connectors = set(COLLECTOR["connectors"])
    assert receivers == COLLECTOR["receivers"].keys() | connectors
    assert exporters == COLLECTOR["exporters"].keys() | connectors
    assert processors == COLLECTOR["processors"].keys()
    for name, pipeline in pipelines.items():
        if "otlp" in pipeline["receivers"]:
            assert pipeline["processors"][0] == "memory_limiter", name
        if not connectors & {*pipeline["exporters"]}:
            assert pipeline["processors"][-1] == "batch", name
        if "otlp_http/without_content" in pipeline["exporters"]:
            assert "attributes/without_content" in pipeline["processors"], name
        assert ("tail_sampling" in pipeline["processors"]) is (name == "traces")
    assert pipelines["metrics"]["receivers"] == ["otlp"]


def test_each_policy_has_its_settings() -> None:
    """A policy's settings stand under the name of its type."""
    for policy in COLLECTOR["processors"]["tail_sampling"]["policies"]:
        assert policy.keys() == {"name", "type", policy["type"]}


def test_policies_go_by_what_a_span_says(telemetry: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """The attributes that are asked of a span are on one of a stream, or of a failure, and have the kind that is compared."""
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    with pytest.raises(openai.RateLimitError):
        client("rate_limited").chat.completions.create(**REQUEST)
    said: dict[str, Any] = {}
    for span in telemetry.exporter.get_finished_spans():
        said.update(span.attributes or {})
    for policy in COLLECTOR["processors"]["tail_sampling"]["policies"]:
        for condition in policy.get("ottl_condition", {}).get("span", []):
            ((name, operator, value),) = re.findall(r'^attributes\["([\w.]+)"\] (>|!=) (nil|\d+\.\d+)$', condition)
            assert isinstance(said[name], float if operator == ">" else str), condition
            assert (value == "nil") is (operator == "!="), condition


def test_no_content_is_left(telemetry: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]) -> None:
    """What the Collector deletes is all that carries content, on spans and events, in all dialects, and nothing else."""
    (action,) = COLLECTOR["processors"]["attributes/without_content"]["actions"]
    telemetry.again([openrouter.url], capture_content="span_and_event", dialects=[*DIALECTS])
    tools: Any = [{"type": "function", "function": {"name": "canary_tool", "parameters": {"type": "object"}}}]
    messages: Any = [{"role": "system", "content": "canary"}, {"role": "user", "content": "canary"}]
    client("tools").chat.completions.create(model="openai/gpt-4o-mini", messages=messages, tools=tools)
    (event,) = telemetry.emitted.records
    said = {**(telemetry.one_span().attributes or {}), **event.attributes}
    gone = {name for name in said if re.search(action["pattern"], name)}
    assert {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "input.value",
        "llm.input_messages.0.message.role",
    } <= gone
    assert all(re.search(action["pattern"], name) for name in CONTENT)
    content = {name for name, value in said.items() if re.search("canary|Paris|weather", str(value))}
    assert content <= gone
    assert all("message" in name or name in content | {"output.value"} for name in gone)


def test_series_are_counted(telemetry: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """What docs/fleet.md says of the number of series is so."""
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    data: Any = telemetry.reader.get_metrics_data()
    found = {
        metric.name: sum(len(point.bucket_counts) + 2 for point in metric.data.data_points)
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    table = FLEET.partition("| series per attribute set |")[2]
    told = re.findall(r"^\| `([\w.]+)` \| (\d+) \|$", table, re.MULTILINE)
    assert {name: int(number) for name, number in told} == found
    assert f"is {sum(found.values())} series" in FLEET


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", FLEET, re.DOTALL))
def test_code_of_the_fleet_runs(openrouter: Simulator, client: Callable[..., openai.OpenAI], block: str) -> None:
    """The views leave out what they say, and keep our buckets."""
    if "views" not in block:
        compile(block, "docs/fleet.md", "exec")  # it would take the test's own signals
        return
    scope: dict[str, Any] = {}
    exec(block, scope)
    telemetry = Telemetry()
    telemetry.reader = InMemoryMetricReader()
    telemetry.meter_provider = MeterProvider([telemetry.reader], views=scope["views"], shutdown_on_exit=False)
    telemetry.instrument([openrouter.url])
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    points = telemetry.points()
    assert "gen_ai.client.operation.time_per_output_chunk" not in points
    ((attributes, _, _),) = points["gen_ai.client.operation.duration"]
    assert attributes.keys() == {"gen_ai.provider.name", "gen_ai.request.model", "openrouter.provider.name"}
    data: Any = telemetry.reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = next(each for each in metrics if each.name == "gen_ai.client.operation.duration").data.data_points
    assert point.explicit_bounds[0] == 0.01
    OpenRouterInstrumentor().uninstrument()

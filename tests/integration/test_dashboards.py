"""The dashboard, the rules and the Collector configuration: well formed, complete, and matching the telemetry.

`python -m tests.backends.prometheus` runs the queries on a real Prometheus.
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
from tests.telemetry import Telemetry, gauges, wait_for_budget

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
BALANCER: Final[dict[str, Any]] = yaml.safe_load((DASHBOARDS / "balancer.yaml").read_text())
QUERIES: Final = [
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    *(variable["definition"] for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"),
    *(rule["expr"] for rule in RULES),
]
# https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
UNITS: Final = {"USD": "_USD", "s": "_seconds", "{token}": "", "{request}": ""}
# The labels that Prometheus and its histograms add to the attributes.
OWN_LABELS: Final = {"job", "instance", "le"}
# https://prometheus.io/docs/prometheus/latest/querying/operators/ and .../functions/
PROMQL: Final = {"sum", "min", "max", "by", "or", "and", "offset", "bool", "vector", "scalar", "rate", "increase"} | {
    "resets", "last_over_time", "avg_over_time", "histogram_quantile", "label_replace", "label_values",
}  # fmt: skip


def _prometheus_name(name: str) -> str:
    return name.replace(".", "_")


@pytest.fixture
def emitted(
    telemetry: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]
) -> tuple[set[str], set[str]]:
    """The names and labels of the time series that traced calls have in Prometheus."""
    feature: dict[str, Any] = {"extra_body": {"metadata": {"feature": "search"}}}
    telemetry.reinstrument([openrouter.url], budget=True, metric_attributes=["openrouter.request.metadata.feature"])
    for scenario in ("hello", "cached"):
        own = client(scenario, api_key="sk-or-v1-dashboards")
        assert list(own.chat.completions.create(**REQUEST, **feature, stream=True))
    with pytest.raises(openai.RateLimitError):
        client("rate_limited").chat.completions.create(**REQUEST)
    series: set[str] = set()
    labels: set[str] = set()
    gauges(telemetry)
    wait_for_budget()
    data: Any = telemetry.reader.get_metrics_data()
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        name = _prometheus_name(metric.name) + UNITS[metric.unit]
        is_histogram = hasattr(metric.data.data_points[0], "bucket_counts")
        series |= {name + each for each in ("_bucket", "_sum", "_count")} if is_histogram else {name}
        labels |= {_prometheus_name(key) for point in metric.data.data_points for key in point.attributes}
    return series, labels


def test_queries_use_emitted_names(emitted: tuple[set[str], set[str]]) -> None:
    """Each metric and label in a query is emitted, and each emitted metric but one is in a query."""
    series, labels = emitted
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    used: set[str] = set()
    for query in QUERIES:
        bare = re.sub(r'"[^"]*"|\[[^]]*\]|\$\w+', "", query)
        identifiers = set(re.findall(r"[a-zA-Z_][\w:]*", bare)) - PROMQL
        identifiers -= set(re.findall(r"\b\d+(\w+)", bare))  # the unit of a duration
        assert identifiers <= series | labels | OWN_LABELS | recorded, query
        used |= identifiers
    unused = {re.sub("_(bucket|sum|count)$", "", name) for name in series - used}
    queried = {re.sub("_(bucket|sum|count)$", "", name) for name in series & used}
    assert unused - queried == {"gen_ai_client_operation_time_per_output_chunk_seconds"}
    default = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "feature")["query"]
    assert default in labels


def test_names_are_documented(emitted: tuple[set[str], set[str]]) -> None:
    """The table of names in dashboards/README.md is complete and correct."""
    rows = re.findall(
        r"^\| `([\w.]+)` \| `(\w+?)(?:_\{.*\})?` \|$", (DASHBOARDS / "README.md").read_text(), re.MULTILINE
    )
    assert {name for _, name in rows} == {re.sub("_(bucket|sum|count)$", "", name) for name in emitted[0]}
    assert all(name.startswith(_prometheus_name(metric)) for metric, name in rows)


def test_dashboard_can_be_imported() -> None:
    """The dashboard declares its data source, its panels and the schema version of Grafana 12."""
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


def test_panels_are_described() -> None:
    """Each panel has a unique title, a description, a unit, a legend and a position that does not overlap."""
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


def test_colors_are_chosen() -> None:
    """Each value with a color has thresholds: the default of Grafana is red from 80, also for calls and tokens."""
    for panel in PANELS:
        if panel["type"] != "timeseries":
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None, panel["title"]


def test_alerts_are_described() -> None:
    """Each alert has a severity, a summary and a description."""
    for rule in RULES:
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert rule["annotations"].keys() == {"summary", "description"}


def test_rules_are_tested() -> None:
    """Each alert has a test that fires and one that does not; each recorded series is tested directly or by an alert."""
    tests = RULES_TEST["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    alerts = {rule["alert"] for rule in RULES if "alert" in rule}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts
    # The test of this alert has series that must not fire together with those that must.
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert alerts - silent == {"OpenRouterProviderFails"}
    tested = " ".join(case["expr"] for test in tests for case in test.get("promql_expr_test", []))
    covered = tested + " ".join(rule["expr"] for rule in RULES if "alert" in rule)
    assert all(rule["record"] in covered for rule in RULES if "record" in rule)


# The documented keys of each component in use, with their nested keys; `None` allows anything.
# The pages: https://github.com/open-telemetry/<repository>/blob/main/<folder>/README.md, and config.schema.yaml in the same folder.
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
        # opentelemetry-collector-contrib, exporter/loadbalancingexporter; the options of `otlp` except the endpoint
        "load_balancing": {
            "routing_key": {"traceID", "service", "resource"},
            "protocol": {
                "otlp": {
                    **{key: value for key, value in OTLP_GRPC.items() if key != "endpoint"},
                    # opentelemetry-collector, config/configretry
                    "retry_on_failure": {"max_elapsed_time": str},
                }
            },
            "resolver": {"dns": {"hostname": str, "port": str}, "static": {"hostnames": None}},
        },
    },
}


def _undocumented(given: Any, documented: Any, where: str) -> Iterator[str]:
    """Yield the keys that are not documented, and the values that have another type."""
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


@pytest.mark.parametrize("given", [COLLECTOR, BALANCER])
def test_collector_is_as_documented(given: dict[str, Any]) -> None:
    """Each key of each component is documented, and its value has the documented type."""
    for kind in given.keys() - {"service"}:
        for name, settings in given[kind].items():
            component = name.partition("/")[0]
            assert not list(_undocumented(settings, DOCUMENTED[kind][component], name))


def test_undocumented_keys_are_found() -> None:
    """`_undocumented` finds unknown keys and values of another type."""
    assert list(_undocumented({"timeout": 5}, {"timeout": str}, "batch")) == ["batch.timeout: 5"]
    assert list(_undocumented({"policies": [{"typ": 1}]}, {"policies": [POLICY]}, "t")) == ["t.policies[0].typ"]
    assert list(_undocumented({"limit": True}, {"limit": int}, "m")) == ["m.limit: True"]
    assert list(_undocumented({"error_mode": "no"}, {"error_mode": {"ignore"}}, "o")) == ["o.error_mode: no"]


def test_pipelines() -> None:
    """Pipelines use exactly the defined components: memory limiter first, batch last, metrics without the sampler."""
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


def test_balancer_keeps_traces_and_processes_together() -> None:
    """Each signal has its own exporter, routed by what must not be divided, to the same Collectors."""
    pipelines: dict[str, Any] = BALANCER["service"]["pipelines"]
    exporters: dict[str, Any] = BALANCER["exporters"]
    for signal, key in {"traces": "traceID", "metrics": "resource", "logs": "traceID"}.items():
        (exporter,) = pipelines[signal]["exporters"]
        assert exporters[exporter]["routing_key"] == key, signal
    assert pipelines.keys() == {"traces", "metrics", "logs"}
    assert len({str(exporter["resolver"]) for exporter in exporters.values()}) == 1


def test_each_policy_has_its_settings() -> None:
    """The settings of a policy are under the name of its type."""
    for policy in COLLECTOR["processors"]["tail_sampling"]["policies"]:
        assert policy.keys() == {"name", "type", policy["type"]}


def test_policies_use_emitted_attributes(telemetry: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """The attributes in policy conditions are on the span of a stream or of an error, with the type compared."""
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    with pytest.raises(openai.RateLimitError):
        client("rate_limited").chat.completions.create(**REQUEST)
    attributes: dict[str, Any] = {}
    for span in telemetry.exporter.get_finished_spans():
        attributes.update(span.attributes or {})
    for policy in COLLECTOR["processors"]["tail_sampling"]["policies"]:
        for condition in policy.get("ottl_condition", {}).get("span", []):
            ((name, operator, value),) = re.findall(r'^attributes\["([\w.]+)"\] (>|!=) (nil|\d+\.\d+)$', condition)
            assert isinstance(attributes[name], float if operator == ">" else str), condition
            assert (value == "nil") is (operator == "!="), condition


def test_content_is_deleted(telemetry: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]) -> None:
    """The Collector deletes exactly the attributes with content, on spans and events, in all dialects."""
    (action,) = COLLECTOR["processors"]["attributes/without_content"]["actions"]
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event", dialects=[*DIALECTS])
    tools: Any = [{"type": "function", "function": {"name": "canary_tool", "parameters": {"type": "object"}}}]
    messages: Any = [{"role": "system", "content": "canary"}, {"role": "user", "content": "canary"}]
    client("tools").chat.completions.create(model="openai/gpt-4o-mini", messages=messages, tools=tools)
    (event,) = telemetry.emitted.records
    attributes = {**(telemetry.one_span().attributes or {}), **event.attributes}
    deleted = {name for name in attributes if re.search(action["pattern"], name)}
    assert {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "input.value",
        "llm.input_messages.0.message.role",
        "llm.tools.0.tool.json_schema",
    } <= deleted
    assert all(re.search(action["pattern"], name) for name in CONTENT)
    content = {name for name, value in attributes.items() if re.search("canary|Paris|weather", str(value))}
    assert content <= deleted
    assert all("message" in name or name in content | {"output.value"} for name in deleted)


def test_series_are_counted(telemetry: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """The number of time series in docs/fleet.md is correct."""
    list(client("hello").chat.completions.create(**REQUEST, stream=True))
    data: Any = telemetry.reader.get_metrics_data()
    found = {
        metric.name: sum(len(point.bucket_counts) + 2 for point in metric.data.data_points)
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    table = FLEET.partition("| series per attribute set |")[2]
    documented = re.findall(r"^\| `([\w.]+)` \| (\d+) \|$", table, re.MULTILINE)
    assert {name: int(number) for name, number in documented} == found
    assert f"is {sum(found.values())} series" in FLEET


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", FLEET, re.DOTALL))
def test_code_of_the_page_runs(openrouter: Simulator, client: Callable[..., openai.OpenAI], block: str) -> None:
    """The views drop the documented metric and attributes, and keep our buckets."""
    if "views" not in block:
        compile(block, "docs/fleet.md", "exec")  # it would replace the test's own signal handlers
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

"""Runs Prometheus as an OTLP receiver: the dashboard's queries and the rules answer as they do for scraped metrics.

With the default names, which have underscores, and with UTF-8 names, which the dashboard does not have.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.simulator import Simulator

from . import go_servers, prometheus
from .scraped_calls import BEFORE, FIRST, SECOND, prepare
from .servers import Check, environment
from .utf8_names import UTF8_RULES, utf8_rules, utf8_rules_test

TOPIC: Final = "each panel, variable, recording rule and alert, over OTLP"
NAMES: Final = "the names and labels of [`dashboards/`](../dashboards/README.md#metric-names-in-prometheus)"
# https://prometheus.io/docs/guides/opentelemetry/#utf-8
UNDERSCORES: Final = ""
UTF8: Final = "otlp: {translation_strategy: NoUTF8EscapingWithSuffixes}\n"
ONLY_UNDERSCORES: Final = (
    "With `translation_strategy: NoUTF8EscapingWithSuffixes` Prometheus stores `gen_ai.usage.cost_USD` with dots in "
    "names and labels, which the dashboard does not query; for the rules, load "
    "[`openrouter-rules-utf8.yaml`](../dashboards/README.md#metric-names-in-prometheus)"
)


def release() -> str:
    """Return name and version; it builds the program, so that a machine without Go skips this backend."""
    for name in ("prometheus", "promtool"):
        go_servers.program(name)
    # Module 0.316 is Prometheus 3.16 (https://github.com/prometheus/prometheus/blob/main/RELEASE.md).
    minor = int(go_servers.version("prometheus").split(".")[1])
    return f"Prometheus {minor // 100}.{minor % 100}, OTLP receiver"


def checks() -> Iterator[Check]:
    """Run all checks."""
    promtool = go_servers.program("promtool")
    for verb, file in (("check", prometheus.RULES), ("test", prometheus.RULES_TEST)):
        yield Check(TOPIC, *prometheus.run_promtool(promtool, verb, "rules", file))
    yield from _default_names(promtool)
    yield from _utf8_names(promtool)


def _default_names(promtool: Path) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Simulator() as simulator:
        prepare(simulator)
        configuration = prometheus.configure(Path(name), UNDERSCORES)
        yield Check(TOPIC, *prometheus.run_promtool(promtool, "check", "config", configuration))
        with (
            prometheus.served(go_servers.program("prometheus"), configuration, "--web.enable-otlp-receiver") as server,
            prometheus.program(_python(), simulator, _endpoint(server)) as (_, make),
        ):
            make([*BEFORE, *FIRST])
            between = prometheus.counted(server, len([*BEFORE, *FIRST]))
            make(SECOND)
            end = prometheus.counted(server, len([*BEFORE, *FIRST, *SECOND]))
            for claim, failure in prometheus.claims(server, between, end):
                yield Check(TOPIC, claim, failure)
            labels = set(server.query("labels", **{"match[]": prometheus.CALLS}))
            yield Check(NAMES, "labels have underscores", "" if "gen_ai_request_model" in labels else f"{labels}")


def _utf8_names(promtool: Path) -> Iterator[Check]:
    topic = "each recording rule and alert with UTF-8 names"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Simulator() as simulator:
        prepare(simulator)
        yield Check(topic, "the file is that of the other names", _difference_of_rules())
        tests = Path(name) / "rules-test.yaml"
        tests.write_text(utf8_rules_test(UTF8_RULES))
        for verb, file in (("check", UTF8_RULES), ("test", tests)):
            yield Check(topic, *prometheus.run_promtool(promtool, verb, "rules", file))
        configuration = prometheus.configure(Path(name), UTF8, UTF8_RULES)
        with (
            prometheus.served(go_servers.program("prometheus"), configuration, "--web.enable-otlp-receiver") as server,
            prometheus.program(_python(), simulator, _endpoint(server)) as (_, make),
        ):
            calls = [*BEFORE, *FIRST, *SECOND]
            make(calls)
            for claim, failure in prometheus.rule_claims(server, calls, "openrouter.key.label"):
                yield Check(topic, claim, failure)
            found = server.query("series", **{"match[]": prometheus.CALLS})
            failure = f"Prometheus has {found}: the limit no longer exists" if found else ""
            yield Check("", "the dashboard finds nothing", failure, ONLY_UNDERSCORES)


def _difference_of_rules() -> str:
    command = f"python -m {utf8_rules.__module__} writes it"
    return "" if UTF8_RULES.read_text() == utf8_rules() else command


def _python() -> Path:
    return environment("prometheus", ours=True) / "python"


def _endpoint(server: prometheus.Server) -> str:
    return f"{server.url}/api/v1/otlp/v1/metrics"

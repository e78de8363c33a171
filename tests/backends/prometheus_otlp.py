"""Runs Prometheus as an OTLP receiver: the dashboard's queries and the rules answer as they do for scraped metrics.

With the default names, which have underscores; UTF-8 names are a limit of the dashboard and of the rules.
"""

import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from tests.simulator import Simulator

from . import go_servers, prometheus
from .scraped_calls import BEFORE, FIRST, SECOND, prepare
from .scraped_panels import SERVICE
from .servers import Check, environment, eventually

TOPIC: Final = "each panel, variable, recording rule and alert, over OTLP"
NAMES: Final = "the names and labels of [`dashboards/`](../dashboards/README.md#metric-names-in-prometheus)"
# https://prometheus.io/docs/guides/opentelemetry/#utf-8
UNDERSCORES: Final = ""
UTF8: Final = "otlp: {translation_strategy: NoUTF8EscapingWithSuffixes}\n"
ONLY_UNDERSCORES: Final = (
    "With `translation_strategy: NoUTF8EscapingWithSuffixes` Prometheus stores `gen_ai.usage.cost_USD` with dots in "
    "names and labels, which the dashboard and the rules do not query; keep the default"
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
    yield from _utf8_names()


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


def _utf8_names() -> Iterator[Check]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Simulator() as simulator:
        prepare(simulator)
        configuration = prometheus.configure(Path(name), UTF8)
        with (
            prometheus.served(go_servers.program("prometheus"), configuration, "--web.enable-otlp-receiver") as server,
            prometheus.program(_python(), simulator, _endpoint(server)) as (_, make),
        ):
            make(FIRST)
            costs = sum(call.cost is not None for call in FIRST)
            series = f'{{"gen_ai.usage.cost_USD_count", "gen_ai.provider.name"="openrouter", job="{SERVICE}"}}'

            def missing() -> str:
                found = server.numbers(f"sum by (job) ({series})", time.time(), ["job"])
                return prometheus.unequal({SERVICE: Decimal(costs)}, found)

            yield Check("UTF-8 names", "the metrics arrive with dots", eventually(missing))
            rules = server.numbers("job:openrouter_cost_USD:increase1h", time.time())
            failure = f"the rules find {rules}: the limit no longer exists" if rules else ""
            yield Check("", "the rules find nothing", failure, ONLY_UNDERSCORES)


def _python() -> Path:
    return environment("prometheus", ours=True) / "python"


def _endpoint(server: prometheus.Server) -> str:
    return f"{server.url}/api/v1/otlp/v1/metrics"

"""Runs Prometheus: it scrapes a program, and each panel, rule and alert must match the simulator's bill.

`python -m tests.backends.prometheus` uses the installed `prometheus` and `promtool`, or Debian's package, and exits
with 1 if a number differs from the bill.
"""

import contextlib
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.environments import ROOT, InstallationError
from tests.simulator import Simulator

from .scraped_calls import BEFORE, FIRST, SECOND, Call, prepare
from .scraped_panels import FIRING, KEYS, PANELS, RECORDED, SERVICE, Numbers
from .servers import HOME, environment, plain_environ

DASHBOARDS: Final = ROOT / "dashboards"
DASHBOARD: Final = DASHBOARDS / "openrouter-grafana.json"
RULES: Final = DASHBOARDS / "openrouter-rules.yaml"
RULES_TEST: Final = DASHBOARDS / "openrouter-rules-test.yaml"
TIMEOUT: Final = 60.0
CALLS: Final = "gen_ai_client_operation_duration_seconds_count"
# Costs are doubles that the program and Prometheus add in different orders, and each addition may round the 16th digit.
# A wrong price differs long before the 12th digit.
CLOSE: Final = Decimal("1e-12")
Found = tuple[str, str]
"""A claim, and the difference; empty if the claim is true."""


@dataclass(frozen=True)
class Server:
    """A running Prometheus."""

    url: str

    def query(self, path: str, **parameters: str) -> Any:
        """Return the `data` of a response; raise ValueError with the error message of Prometheus."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=TIMEOUT) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{path} {parameters}: {error.read().decode()}") from error

    def numbers(self, query: str, at: float, labels: Sequence[str] | None = None) -> Numbers:
        """Return the series of an instant query, by the values of these labels, or of all labels."""
        return _numbers(
            [(each["metric"], each["value"]) for each in self._series("query", query, time=repr(at))], labels
        )

    def range_numbers(self, query: str, at: float, labels: Sequence[str] | None = None) -> Numbers:
        """Return the series of a range query, as Grafana sends it for a graph, over a single instant."""
        series = self._series("query_range", query, start=repr(at), end=repr(at), step="1")
        return _numbers([(each["metric"], each["values"][-1]) for each in series], labels)

    def _series(self, path: str, query: str, **when: str) -> list[dict[str, Any]]:
        return self.query(path, query=query, **when)["result"]


def _numbers(series: list[tuple[dict[str, str], list[str]]], labels: Sequence[str] | None) -> Numbers:
    found: Numbers = {}
    for metric, (_, value) in series:
        group_labels = sorted(metric.keys() - {"__name__"}) if labels is None else labels
        group = " ".join(metric.get(label, "") for label in group_labels)
        if group in found:
            raise ValueError(f"two series have the label values {group!r}")
        found[group] = Decimal(value)
    return found


def tools() -> tuple[Path, Path]:
    """Return `prometheus` and `promtool` from PATH, or from Debian's package; installing it would start a server."""
    found = [shutil.which("prometheus"), shutil.which("promtool")]
    if all(found):
        return Path(str(found[0])), Path(str(found[1]))
    home = ROOT / HOME / "prometheus-debian"
    if not (home / "usr/bin/promtool").exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            try:
                done = _fetch(folder)
            except FileNotFoundError as error:
                raise InstallationError("neither prometheus nor apt-get is installed") from error
            if done.returncode:
                raise InstallationError(f"apt-get download prometheus: {done.stderr.strip()}")
            (package,) = Path(folder).glob("prometheus_*.deb")
            subprocess.run(["dpkg-deb", "-x", package, home], check=True)
    return home / "usr/bin/prometheus", home / "usr/bin/promtool"


def _fetch(folder: str) -> "subprocess.CompletedProcess[str]":
    command = ["apt-get", "download", "-q", "prometheus"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and os.geteuid() == 0:  # the package lists may be missing
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, check=False)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done


def release() -> str:
    """Return name and version."""
    output = subprocess.run([tools()[0], "--version"], capture_output=True, text=True, check=True)
    return (output.stdout + output.stderr).partition(" (")[0]


def checks() -> Iterator[Found]:
    """Run all checks of the files in `dashboards/`."""
    prometheus, promtool = tools()
    yield run_promtool(promtool, "check", "rules", RULES)
    yield run_promtool(promtool, "test", "rules", RULES_TEST)
    with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
        prepare(simulator)
        with program(environment("prometheus", ours=True) / "python", simulator) as (port, make):
            make(BEFORE)
            configuration = _configure(Path(folder), port)
            yield run_promtool(promtool, "check", "config", configuration)
            with served(prometheus, configuration) as server:
                make(FIRST)
                between = counted(server, len([*BEFORE, *FIRST]))
                make(SECOND)
                end = counted(server, len([*BEFORE, *FIRST, *SECOND]))
                yield from claims(server, between, end)


def claims(server: Server, between: float, end: float) -> Iterator[Found]:
    """Compare each panel, variable, rule and alert with the bill, after both rounds of calls."""
    everything = [*BEFORE, *FIRST, *SECOND]
    dashboard = json.loads(DASHBOARD.read_text())
    # Nothing is extrapolated: within an hour all series are new and start at zero, and the query for the second round
    # covers exactly the milliseconds since a scrape after the complete first round.
    since = f"{round((end - between) * 1000)}ms"
    for window, calls, when in (("1h", everything, "in both rounds"), (since, SECOND, "in the second round")):
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield from _panel(server, panel, window, end, calls, when)
    yield from _variables(server, dashboard)
    yield from rule_claims(server, everything)


def rule_claims(server: Server, calls: Sequence[Call], label: str = "openrouter_key_label") -> Iterator[Found]:
    """Compare each rule and alert with the bill of *calls*; *label* is that of a key."""
    yield from _recorded(server, calls)
    yield from _alerts(server, label)


def _panel(  # noqa: PLR0913, PLR0917 - the parameters of the query
    server: Server, panel: Mapping[str, Any], window: str, end: float, calls: Sequence[Call], when: str
) -> Iterator[Found]:
    title = panel["title"]
    expected = PANELS[title]
    for number, target in enumerate(panel["targets"]):
        query = grafana_query(target["expr"], window)
        labels = re.findall(r"{{(\w+)}}", target["legendFormat"])
        numbers = partial(server.numbers if target["instant"] else server.range_numbers, query, labels=labels)
        claim = f"{title} ({target['legendFormat']}) {when}"
        if expected is not None:
            yield claim, unequal(expected(calls), numbers(end))
        elif title in KEYS:

            def wrong(right: Numbers = KEYS[title][number], numbers: Callable[..., Numbers] = numbers) -> str:
                found = numbers(time.time())
                return unequal(right, {key: found.get(key, Decimal("NaN")) for key in right})

            yield claim, soon(wrong)  # the limits are requested in the background
        else:
            yield claim, _nothing_in(numbers(end))


def grafana_query(query: str, window: str, time_range: str = "", rate_interval: str = "1m") -> str:
    """Return a query as Grafana sends it, with all services, models and providers selected.

    Args:
        query: a query of the dashboard.
        window: the window of the graphs.
        time_range: the selected time range; by default as long as the window.
        rate_interval: four times the interval between two scrapes.
    """
    for name, value in {
        "$__range": time_range or window,
        "$window": window,
        "$__rate_interval": rate_interval,
        "$job": ".*",
        "$model": ".*",
        "$provider": ".*",
        "$feature": "openrouter_request_metadata_feature",
    }.items():
        query = query.replace(name, value)
    return query


def unequal(expected: Numbers, found: Numbers) -> str:
    """Describe the difference; a group without calls may be missing, zero or NaN."""
    expected = {group: value for group, value in expected.items() if value}
    found = {group: value for group, value in found.items() if value and not value.is_nan()}
    if expected.keys() == found.keys() and all(
        abs(found[each] - expected[each]) <= CLOSE * expected[each] for each in expected
    ):
        return ""
    return f"it shows {found} instead of {expected}"


def _nothing_in(found: Numbers) -> str:
    return "" if any(value > 0 for value in found.values() if not value.is_nan()) else f"it shows {found}"


def _variables(server: Server, dashboard: Mapping[str, Any]) -> Iterator[Found]:
    calls = [*BEFORE, *FIRST, *SECOND]
    expected = {
        "job": {SERVICE},
        "model": {call.model for call in calls},
        "provider": {call.provider for call in calls if call.provider},
    }
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            series, _, label = grafana_query(variable["definition"], "1h")[len("label_values(") : -1].rpartition(", ")
            found = set(server.query(f"label/{label}/values", **{"match[]": series}))
            wrong = "" if found == expected[variable["name"]] else f"it offers {found}"
            yield f"the variable {variable['label']}", wrong


def _recorded(server: Server, calls: Sequence[Call]) -> Iterator[Found]:
    rules = [rule for group in server.query("rules")["groups"] for rule in group["rules"]]
    names = {rule["name"] for rule in rules if rule["type"] == "recording"}
    yield "every recording rule has a check", "" if names == set(RECORDED) else f"{names ^ set(RECORDED)}"
    for name, numbers in RECORDED.items():
        expected = None if numbers is None else numbers(calls)

        def wrong(name: str = name, expected: Numbers | None = expected) -> str:
            found = server.numbers(name, time.time())
            if expected is not None:
                return unequal(expected, found)
            return _nothing_in(found)

        yield f"the rule {name}", soon(wrong)
    for rule in rules:
        server.query("query", query=rule["query"])
        wrong_rule = "" if rule["health"] == "ok" else f"{rule['health']}: {rule.get('lastError')}"
        yield f"the rule {rule['name']} is evaluated", wrong_rule


def _alerts(server: Server, label: str) -> Iterator[Found]:
    def wrong() -> str:
        alerts = server.query("alerts")["alerts"]
        found = {alert["labels"]["alertname"]: alert["labels"].get(label) for alert in alerts}
        return (
            ""
            if found == FIRING and all(alert["state"] == "firing" for alert in alerts)
            else f"the active alerts are {alerts}"
        )

    yield f"the alerts that fire are {', '.join(FIRING)}", soon(wrong)


def soon(wrong: Callable[[], str]) -> str:
    """Wait until *wrong* returns an empty string, and return its last result: rules are evaluated once a second."""
    deadline = time.monotonic() + TIMEOUT
    while (found := wrong()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def counted(server: Server, calls: int) -> float:
    """Return the time of the first scrape that counted *calls* calls."""
    timestamp = 0.0

    def wrong() -> str:
        nonlocal timestamp
        result = server.query("query", query=f"sum({CALLS})")["result"]
        if not result or float(result[0]["value"][1]) != calls:
            return f"it has scraped {result} instead of {calls} calls"
        timestamp = float(server.query("query", query=f"max(timestamp({CALLS}))")["result"][0]["value"][1])
        return "" if math.isfinite(timestamp) else "no timestamp"

    if found := soon(wrong):
        raise TimeoutError(found)
    return timestamp


def run_promtool(promtool: Path, verb: str, noun: str, file: Path) -> Found:
    """Run promtool on a file."""
    done = subprocess.run([promtool, verb, noun, file], capture_output=True, text=True, check=False)
    return f"promtool {verb} {noun} {file.name}", "" if done.returncode == 0 else done.stdout + done.stderr


def _configure(folder: Path, port: int) -> Path:
    return configure(
        folder,
        f"""
scrape_configs:
  - job_name: {SERVICE}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
""",
    )


def configure(folder: Path, source: str, rules: Path = RULES) -> Path:
    """Write and return a configuration with *rules*, and with the settings of a source of samples."""
    # The rules unchanged, but evaluated each second instead of each minute.
    (folder / "rules.yaml").write_text(rules.read_text().replace("interval: 1m", "interval: 1s"))
    path = folder / "prometheus.yaml"
    path.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
{source}""")
    return path


@contextlib.contextmanager
def program(
    python: Path, simulator: Simulator, endpoint: str = "", module: str = "tests.backends.scraped_program"
) -> Generator[tuple[int, Callable[[Sequence[Call]], None]]]:
    """Run the program, which is scraped or exports to *endpoint*; yield its port and a function that makes it call."""
    command = [python, "-m", module, simulator.url, *([endpoint] if endpoint else [])]
    environ = plain_environ(OTEL_SERVICE_NAME=SERVICE)
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def make(calls: Sequence[Call]) -> None:
            given = [{**asdict(call), "base_url": simulator.base_url(call.scenario)} for call in calls]
            stdin.write(json.dumps(given) + "\n")
            stdin.flush()
            if stdout.readline() != "made\n":
                raise RuntimeError("the scraped program exited")

        try:
            yield int(stdout.readline()), make
        finally:
            stdin.close()
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def served(prometheus: Path, configuration: Path, *flags: str) -> Generator[Server]:
    """Run a Prometheus."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        prometheus,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *flags,
    ]
    with subprocess.Popen(command) as process:
        server = Server(f"http://127.0.0.1:{port}")

        def wrong() -> str:
            if process.poll() is not None:
                raise RuntimeError(f"prometheus exited with {process.returncode}")
            try:
                with urllib.request.urlopen(f"{server.url}/-/ready", timeout=TIMEOUT):
                    return ""
            except OSError as error:
                return str(error)

        try:
            if found := soon(wrong):
                raise TimeoutError(found)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> int:
    """Run all checks and print the results."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        print(release())
        for claim, failure in checks():
            print(f"{'FAILED' if failure else 'ok':6}  {claim}{': ' + failure if failure else ''}", flush=True)
            counts["failed" if failure else "passed"] += 1
    except InstallationError as error:
        print(f"skipped: {error}")
        counts["failed" if "CI" in os.environ else "skipped"] += 1
    print(", ".join(f"{number} {result}" for result, number in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Prometheus, really run: it scrapes a program of ours, and each panel, rule and alert must tell the simulator's bill.

`python -m tests.backends.prometheus` takes the `prometheus` and `promtool` that are there, or Debian's package, and exits
with 1 where a number is another one than the bill's.
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
from pathlib import Path
from typing import Any, Final

from tests.environments import ROOT, NotToBeHad
from tests.simulator import Simulator

from .scraped_calls import BEFORE, FIRST, SECOND, Call, prepare
from .scraped_panels import FIRING, KEYS, PANELS, RECORDED, SERVICE, Numbers
from .servers import HOME, environment

DASHBOARDS: Final = ROOT / "dashboards"
DASHBOARD: Final = DASHBOARDS / "openrouter-grafana.json"
RULES: Final = DASHBOARDS / "openrouter-rules.yaml"
RULES_TEST: Final = DASHBOARDS / "openrouter-rules-test.yaml"
SECONDS: Final = 60.0
CALLS: Final = "gen_ai_client_operation_duration_seconds_count"
# Costs are doubles, which the program adds in one order and Prometheus in another, and each addition may round in the
# 16th digit. A digit of a price that were wrong would be seen long before the 12th.
CLOSE: Final = Decimal("1e-12")
Found = tuple[str, str]
"""What is claimed, and what is wrong with it; nothing where it holds."""


@dataclass(frozen=True)
class Server:
    """A Prometheus that runs."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer; what Prometheus says is wrong is raised."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{path} {parameters}: {error.read().decode()}") from error

    def numbers(self, query: str, at: float, labels: Sequence[str] | None = None) -> Numbers:
        """The series of a query at one moment, by the values of these labels, or of all."""
        return _numbers(
            [(each["metric"], each["value"]) for each in self._series("query", query, time=repr(at))], labels
        )

    def drawn(self, query: str, at: float, labels: Sequence[str] | None = None) -> Numbers:
        """The same as Grafana asks for a graph, over a range; here it is one moment long."""
        series = self._series("query_range", query, start=repr(at), end=repr(at), step="1")
        return _numbers([(each["metric"], each["values"][-1]) for each in series], labels)

    def _series(self, path: str, query: str, **when: str) -> list[dict[str, Any]]:
        return self.ask(path, query=query, **when)["result"]


def _numbers(series: list[tuple[dict[str, str], list[str]]], labels: Sequence[str] | None) -> Numbers:
    found: Numbers = {}
    for metric, (_, value) in series:
        shown = sorted(metric.keys() - {"__name__"}) if labels is None else labels
        group = " ".join(metric.get(label, "") for label in shown)
        if group in found:
            raise ValueError(f"two series are shown as {group!r}")
        found[group] = Decimal(value)
    return found


def tools() -> tuple[Path, Path]:
    """`prometheus` and `promtool`: those on the path, or Debian's, unpacked and not installed: that would start one."""
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
                raise NotToBeHad("neither a prometheus nor apt-get is here") from error
            if done.returncode:
                raise NotToBeHad(f"apt-get download prometheus: {done.stderr.strip()}")
            (package,) = Path(folder).glob("prometheus_*.deb")
            subprocess.run(["dpkg-deb", "-x", package, home], check=True)
    return home / "usr/bin/prometheus", home / "usr/bin/promtool"


def _fetch(folder: str) -> "subprocess.CompletedProcess[str]":
    command = ["apt-get", "download", "-q", "prometheus"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and os.geteuid() == 0:  # the lists of packages may be missing
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, check=False)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done


def release() -> str:
    """Which Prometheus it is."""
    said = subprocess.run([tools()[0], "--version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).partition(" (")[0]


def facts() -> Iterator[Found]:
    """All that is claimed of the files in `dashboards/`, one after the other."""
    prometheus, promtool = tools()
    yield _promtool(promtool, "check", "rules", RULES)
    yield _promtool(promtool, "test", "rules", RULES_TEST)
    with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
        prepare(simulator)
        with _program(environment("prometheus", ours=True) / "python", simulator) as (port, make):
            make(BEFORE)
            configuration = _configure(Path(folder), port)
            yield _promtool(promtool, "check", "config", configuration)
            with _served(prometheus, configuration) as server:
                make(FIRST)
                between = _scraped(server, len([*BEFORE, *FIRST]))
                make(SECOND)
                end = _scraped(server, len([*BEFORE, *FIRST, *SECOND]))
                yield from _claims(server, between, end)


def _claims(server: Server, between: float, end: float) -> Iterator[Found]:
    everything = [*BEFORE, *FIRST, *SECOND]
    dashboard = json.loads(DASHBOARD.read_text())
    # Nothing here is extrapolated: in an hour all series are new and count from zero, and the second round is asked for
    # over the very milliseconds since a scrape that had seen the first round whole.
    since = f"{round((end - between) * 1000)}ms"
    for window, calls, when in (("1h", everything, "in all"), (since, SECOND, "in the second round")):
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield from _panel(server, panel, window, end, calls, when)
    yield from _variables(server, dashboard)
    yield from _recorded(server, everything)
    yield from _alerts(server)


def _panel(  # noqa: PLR0913, PLR0917 - what it takes to ask
    server: Server, panel: Mapping[str, Any], window: str, end: float, calls: Sequence[Call], when: str
) -> Iterator[Found]:
    title = panel["title"]
    told = PANELS[title]
    for number, target in enumerate(panel["targets"]):
        query = settled(target["expr"], window)
        labels = re.findall(r"{{(\w+)}}", target["legendFormat"])
        found = (server.numbers if target["instant"] else server.drawn)(query, end, labels)
        claim = f"{title} ({target['legendFormat']}) {when}"
        if told is not None:
            yield claim, _difference(told(calls), found)
        elif title in KEYS:
            yield (
                claim,
                _difference(KEYS[title][number], {key: found.get(key, Decimal("NaN")) for key in KEYS[title][0]}),
            )
        else:
            yield claim, _nothing_in(found)


def settled(query: str, window: str) -> str:
    """A query as Grafana sends it, with all services, models and providers chosen."""
    for name, value in {
        "$__range": window,
        "$window": window,
        "$__rate_interval": "1m",
        "$job": ".*",
        "$model": ".*",
        "$provider": ".*",
        "$feature": "openrouter_request_metadata_feature",
    }.items():
        query = query.replace(name, value)
    return query


def _difference(wanted: Numbers, found: Numbers) -> str:
    """What is another number; a group without calls may be told as nothing, as zero, or as a share of nothing."""
    wanted = {group: value for group, value in wanted.items() if value}
    found = {group: value for group, value in found.items() if value and not value.is_nan()}
    if wanted.keys() == found.keys() and all(
        abs(found[each] - wanted[each]) <= CLOSE * wanted[each] for each in wanted
    ):
        return ""
    return f"it tells {found} in place of {wanted}"


def _nothing_in(found: Numbers) -> str:
    return "" if any(value > 0 for value in found.values() if not value.is_nan()) else f"it tells {found}"


def _variables(server: Server, dashboard: Mapping[str, Any]) -> Iterator[Found]:
    calls = [*BEFORE, *FIRST, *SECOND]
    wanted = {
        "job": {SERVICE},
        "model": {call.asked for call in calls},
        "provider": {call.provider for call in calls if call.provider},
    }
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            series, _, label = settled(variable["definition"], "1h")[len("label_values(") : -1].rpartition(", ")
            found = set(server.ask(f"label/{label}/values", **{"match[]": series}))
            wrong = "" if found == wanted[variable["name"]] else f"it offers {found}"
            yield f"the variable {variable['label']}", wrong


def _recorded(server: Server, calls: Sequence[Call]) -> Iterator[Found]:
    rules = [rule for group in server.ask("rules")["groups"] for rule in group["rules"]]
    names = {rule["name"] for rule in rules if rule["type"] == "recording"}
    yield "every recording rule is looked at", "" if names == set(RECORDED) else f"{names ^ set(RECORDED)}"
    for name, told in RECORDED.items():
        wanted = None if told is None else told(calls)

        def wrong(name: str = name, wanted: Numbers | None = wanted) -> str:
            found = server.numbers(name, time.time())
            if wanted is not None:
                return _difference(wanted, found)
            return _nothing_in(found)

        yield f"the rule {name}", _soon(wrong)
    for rule in rules:
        server.ask("query", query=rule["query"])
        wrong_rule = "" if rule["health"] == "ok" else f"{rule['health']}: {rule.get('lastError')}"
        yield f"the rule {rule['name']} is evaluated", wrong_rule


def _alerts(server: Server) -> Iterator[Found]:
    def wrong() -> str:
        alerts = server.ask("alerts")["alerts"]
        found = {alert["labels"]["alertname"]: alert["labels"].get("openrouter_key_label") for alert in alerts}
        return (
            "" if found == FIRING and all(alert["state"] == "firing" for alert in alerts) else f"these are on: {alerts}"
        )

    yield f"the alerts that fire are {', '.join(FIRING)}", _soon(wrong)


def _soon(wrong: Callable[[], str]) -> str:
    """What is wrong still when the time is up: rules are evaluated once a second."""
    deadline = time.monotonic() + SECONDS
    while (found := wrong()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _scraped(server: Server, calls: int) -> float:
    """The moment of the first scrape that had seen so many calls."""
    moment = 0.0

    def wrong() -> str:
        nonlocal moment
        result = server.ask("query", query=f"sum({CALLS})")["result"]
        if not result or float(result[0]["value"][1]) != calls:
            return f"it has scraped {result} in place of {calls} calls"
        moment = float(server.ask("query", query=f"max(timestamp({CALLS}))")["result"][0]["value"][1])
        return "" if math.isfinite(moment) else "no moment"

    if found := _soon(wrong):
        raise TimeoutError(found)
    return moment


def _promtool(promtool: Path, verb: str, noun: str, file: Path) -> Found:
    done = subprocess.run([promtool, verb, noun, file], capture_output=True, text=True, check=False)
    return f"promtool {verb} {noun} {file.name}", "" if done.returncode == 0 else done.stdout + done.stderr


def _configure(folder: Path, port: int) -> Path:
    # The rules as they are, but each second: a minute is long for a check.
    (folder / "rules.yaml").write_text(RULES.read_text().replace("interval: 1m", "interval: 1s"))
    path = folder / "prometheus.yaml"
    path.write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: {SERVICE}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
""")
    return path


@contextlib.contextmanager
def _program(python: Path, simulator: Simulator) -> Generator[tuple[int, Callable[[Sequence[Call]], None]]]:
    """The scraped program: its port, and what makes it call."""
    command = [python, "-m", "tests.backends.scraped_program", simulator.url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        tell, told = process.stdin, process.stdout

        def make(calls: Sequence[Call]) -> None:
            each = [{**asdict(call), "base_url": simulator.base_url(call.scenario)} for call in calls]
            tell.write(json.dumps(each) + "\n")
            tell.flush()
            if told.readline() != "made\n":
                raise RuntimeError("the scraped program ended")

        try:
            yield int(told.readline()), make
        finally:
            tell.close()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def _served(prometheus: Path, configuration: Path) -> Generator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        prometheus,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with subprocess.Popen(command) as process:
        server = Server(f"http://127.0.0.1:{port}")

        def wrong() -> str:
            if process.poll() is not None:
                raise RuntimeError(f"prometheus ended with {process.returncode}")
            try:
                with urllib.request.urlopen(f"{server.url}/-/ready", timeout=SECONDS):
                    return ""
            except OSError as error:
                return str(error)

        try:
            if found := _soon(wrong):
                raise TimeoutError(found)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> int:
    """Look at everything, and say what is wrong."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        print(release())
        for claim, fault in facts():
            print(f"{'FAULT' if fault else 'ok':5}  {claim}{': ' + fault if fault else ''}", flush=True)
            counts["failed" if fault else "passed"] += 1
    except NotToBeHad as error:
        print(f"skipped: {error}")
        counts["failed" if "CI" in os.environ else "skipped"] += 1
    print(", ".join(f"{number} {word}" for word, number in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Creates `docs/pictures/grafana-dashboard.png`: the panels of the Grafana dashboard, drawn from their queries.

`python -m tests.backends.dashboard_picture` needs Go, and Debian's `chromium`. It takes some minutes: instrumented
programs call the simulator, a Prometheus loads their metrics and answers each query as Grafana sends it.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.environments import ROOT

from . import go_servers
from .dashboard_drawing import WIDTH, Series, TimeRange, height, page
from .dashboard_samples import write_samples
from .prometheus import DASHBOARD, Server, configure, grafana_query, served
from .screenshots import chromium, take_screenshot
from .servers import TIMEOUT, working_folder

PICTURE: Final = ROOT / "docs" / "pictures" / "grafana-dashboard.png"
DAY: Final = 24 * 60 * 60
AFTERNOON: Final = 16 * 60 * 60
HOURS: Final = 6
WINDOW: Final = "15m"
STEP: Final = 60
"""The seconds between two scrapes, and between two points of a graph."""
RATE_INTERVAL: Final = "4m"
SELECTED: Final = (
    "Service: All",
    "Model asked for: All",
    "Upstream provider: All",
    f"Window of the graphs: {WINDOW}",
    "Label of a feature: openrouter_request_metadata_feature",
    f"Last {HOURS} hours",
)


def load(samples: Path, folder: Path) -> None:
    """Create the database of a Prometheus from samples."""
    promtool = go_servers.program("promtool")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", samples, folder / "data"]
    subprocess.run(command, check=True, timeout=TIMEOUT)


def answers(server: Server, dashboard: Mapping[str, Any], time_range: TimeRange) -> dict[int, list[Series]]:
    """Return the series of each panel, by its id."""
    return {
        panel["id"]: [series for target in panel["targets"] for series in _answer(server, target, time_range)]
        for panel in dashboard["panels"]
        if panel["type"] != "row"
    }


def _answer(server: Server, target: Mapping[str, Any], time_range: TimeRange) -> list[Series]:
    query = grafana_query(target["expr"], WINDOW, f"{HOURS}h", RATE_INTERVAL)
    if target["instant"]:
        found = server.query("query", query=query, time=repr(time_range.end))["result"]
        return [_series(target, each["metric"], [each["value"]]) for each in found]
    limits = {"start": repr(time_range.start), "end": repr(time_range.end), "step": str(STEP)}
    found = server.query("query_range", query=query, **limits)["result"]
    return [_series(target, each["metric"], each["values"]) for each in found]


def _series(target: Mapping[str, Any], labels: Mapping[str, str], values: list[tuple[float, str]]) -> Series:
    name = re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), target["legendFormat"])
    return Series(name.strip(), tuple((float(when), float(value)) for when, value in values))


def main() -> int:
    """Create the picture."""
    chromium()  # before the minutes that the rest takes
    dashboard = json.loads(DASHBOARD.read_text())
    end = time.time() // DAY * DAY - DAY + AFTERNOON
    with working_folder() as folder:
        prometheus = go_servers.program("prometheus")
        write_samples(folder / "samples.txt", end)
        load(folder / "samples.txt", folder)
        time_range = TimeRange(end - HOURS * 3600, end)
        with served(prometheus, configure(folder, "")) as server:
            html = folder / "dashboard.html"
            html.write_text(page(dashboard, answers(server, dashboard, time_range), time_range, SELECTED))
        take_screenshot(html.as_uri(), PICTURE, (WIDTH, height(dashboard)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

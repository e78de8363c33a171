"""Creates the samples of the dashboard's picture: instrumented programs call the simulator, and are scraped.

A scrape after the calls of each minute gets the time of that minute, so six hours take five minutes.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.simulator import Reply, Simulator

from . import prometheus
from .dashboard_calls import MINUTES, SERVICES, Minute, Service, key_replies, minutes
from .servers import environment, get

_SAMPLE: Final = re.compile(r"^(\w+)(?:{(.*)})? (\S+)$", re.MULTILINE)
_METRICS: Final = ("gen_ai_", "openrouter_")


def write_samples(path: Path, end: float) -> None:
    """Write the samples of all services in the OpenMetrics format, the last ones with the time *end*."""
    done = {service.name: list(minutes(service)) for service in SERVICES}
    keys = list(key_replies(done))
    python = environment("prometheus", ours=True) / "python"
    with Simulator() as simulator, ThreadPoolExecutor() as pool:

        def samples(service: Service) -> list[str]:
            replies = [each[service.name] for each in keys]
            return list(_samples(python, simulator, service, done[service.name], replies, end))

        files = list(pool.map(samples, SERVICES))
    with path.open("w") as output:
        for lines in files:
            output.writelines(f"{line}\n" for line in lines)
        output.write("# EOF\n")


def _samples(  # noqa: PLR0913, PLR0917 - what one service needs
    python: Path, simulator: Simulator, service: Service, done: Sequence[Minute], keys: Sequence[Reply], end: float
) -> Iterator[str]:
    module = "tests.backends.dashboard_program"
    with prometheus.program(python, simulator, module=module) as (port, make):
        for number, (minute, key) in enumerate(zip(done, keys, strict=True)):
            simulator.verbatim[f"{service.name}/key"] = key
            simulator.verbatim[service.name] = list(minute.replies)
            make(minute.calls)
            time = end - 60 * (MINUTES - 1 - number)
            for name, labels, value in _SAMPLE.findall(get(f"http://127.0.0.1:{port}/metrics")):
                if name.startswith(_METRICS) and not name.endswith("_created"):
                    yield f'{name}{{job="{service.name}",instance="{service.name}:9464",{labels}}} {value} {time}'
